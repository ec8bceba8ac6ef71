// Makes elements. All text goes in as text: nothing that a file holds can become markup.

const SVG = "http://www.w3.org/2000/svg";

/** An HTML element; `on` holds listeners, `data` data attributes, other names are attributes. */
export function h(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

/** An SVG element. */
export function s(tag, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "on") {
      for (const [event, handler] of Object.entries(value)) element.addEventListener(event, handler);
    } else if (name === "data") Object.assign(element.dataset, value);
    else if (name === "value") element.value = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined));
  return element;
}

/** Removes what an element holds and puts something else in. */
export function replace(element, ...children) {
  element.replaceChildren(...children.flat(Infinity).filter((child) => child !== null && child !== undefined));
  return element;
}

/** A drawing that the server made, as elements of this page, without anything that could act. */
export function drawing(text) {
  const parsed = new DOMParser().parseFromString(text, "image/svg+xml").documentElement;
  if (parsed.localName !== "svg") throw new Error("The server sent no drawing.");
  for (const element of parsed.querySelectorAll("script, foreignObject, a, use, image")) {
    element.remove();
  }
  for (const element of [parsed, ...parsed.querySelectorAll("*")]) {
    for (const { name } of [...element.attributes]) {
      if (name.startsWith("on") || name === "style") element.removeAttribute(name);
    }
  }
  return document.importNode(parsed, true);
}

/** A function that runs at most once in so many milliseconds, with the last arguments. */
export function calm(milliseconds, action) {
  let timer = 0;
  let last = [];
  return (...given) => {
    last = given;
    if (!timer) {
      timer = setTimeout(() => {
        timer = 0;
        action(...last);
      }, milliseconds);
    }
  };
}

/** Control characters as pictures, other characters as they are. */
export function printable(text) {
  return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028\u2029]/g, (sign) => {
    const code = sign.codePointAt(0);
    if (code < 0x20) return String.fromCodePoint(0x2400 + code);
    return code === 0x7f ? "\u2421" : "\ufffd";
  });
}

/** A piece of text so that every symbol of it can be seen. */
export function visible(text) {
  return printable(text.replace(/\n/g, "↵").replace(/\t/g, "⇥").replace(/ /g, "␣"));
}
