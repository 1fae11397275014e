/* Single keys of the desk, and their switch (WCAG 2.1.4): kept in this browser. */

const STORED = "cf-desk-single-keys";

export const KEYS = ["j", "k", "r", "n", "a", "e", "/", "?"];

export function singleKeysOn() {
  return localStorage.getItem(STORED) !== "off";
}

export function setSingleKeys(on) {
  if (on) localStorage.removeItem(STORED);
  else localStorage.setItem(STORED, "off");
}

/** Whether a key pressed there is text, or belongs to a control that has keys of its own. */
export function isTyping(event) {
  return event
    .composedPath()
    .some(
      (node) =>
        node instanceof HTMLElement &&
        (node.isContentEditable ||
          ["TEXTAREA", "SELECT", "DIALOG"].includes(node.tagName) ||
          (node.tagName === "INPUT" && !["checkbox", "radio", "button"].includes(node.type)) ||
          node.getAttribute("role") === "menu"),
    );
}

/** Call `onKey(key)` for each single key while the switch is on, and `onEscape(event)`; answers what stops it. */
export function followKeys({ onKey, onEscape }) {
  const follow = (event) => {
    if (event.defaultPrevented || event.isComposing) return;
    if (event.key === "Escape") {
      onEscape(event);
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event)) return;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if (!KEYS.includes(key) || !singleKeysOn()) return;
    event.preventDefault();
    onKey(key);
  };
  document.addEventListener("keydown", follow);
  return () => document.removeEventListener("keydown", follow);
}
