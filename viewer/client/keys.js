// Keys that always work: the page listens before any control does, and no control but a box for text keeps the focus.

// They stand until `ended` is aborted.
function makeKeys(doc, actions, ended) {
  const keys = new Map([
    [" ", [actions.toggle, "Space or K", "play or pause"]],
    ["k", [actions.toggle]],
    ["arrowleft", [() => actions.step(-1), "← or J", "a frame back (with Shift ten)"]],
    ["j", [() => actions.step(-1)]],
    ["arrowright", [() => actions.step(1), "→ or L", "a frame on (with Shift ten)"]],
    ["l", [() => actions.step(1)]],
    ["home", [() => actions.seek(0), "Home, End", "the first and the last frame"]],
    ["end", [() => actions.seek(doc.results[0].count - 1)]],
    ["-", [() => actions.faster(-1), "− and +", "slower and faster"]],
    ["+", [() => actions.faster(1)]],
    ["=", [() => actions.faster(1)]],
    ["[", [() => actions.range("from"), "[ and ]", "the loop begins and ends here; \\ ends it"]],
    ["]", [() => actions.range("to")]],
    ["\\", [() => actions.range("all")]],
    ["0", [() => actions.from("home"), "0 to 4", "views: home, front, side, back, top"]],
    ["1", [() => actions.from("front")]],
    ["2", [() => actions.from("side")]],
    ["3", [() => actions.from("back")]],
    ["4", [() => actions.from("top")]],
    ["c", [actions.nextCamera, "C", "look through the next camera, and back"]],
    ["f", [() => actions.show("follow"), "F", "follow the person"]],
    ["d", [actions.dark, "D", "dark or light"]],
    ["?", [actions.help, "?", "these keys"]],
  ]);
  for (const { name, label, key } of doc.layers)
    if (key && !keys.has(key)) keys.set(key, [() => actions.show(name), key.toUpperCase(), label.toLowerCase()]);
  if (doc.results.length > 1) {
    keys.set("p", [() => actions.show("apart"), "P", "side by side, or in one place"]);
    keys.set("a", [() => actions.show("align"), "A", "both begin at one place and face the same way"]);
  }
  for (const [, told, what] of keys.values())
    if (told) {
      const kbd = document.createElement("dt");
      kbd.append(element("kbd", told));
      byId("keylist").append(kbd, element("dd", what));
    }

  const typing = (target) => target.tagName === "INPUT" && !["checkbox", "range"].includes(target.type);
  addEventListener(
    "keydown",
    (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey || byId("keys").open) return;
      const { target } = event;
      if (typing(target)) {
        if (event.key === "Enter" || event.key === "Escape") target.blur();
        return;
      }
      const key = event.key.toLowerCase();
      // A list that was reached by the keyboard keeps its arrows, and a button its space.
      if (target.tagName === "SELECT" && /^arrow|^ $|enter/.test(key)) return;
      if (key === " " && target.matches("button:focus-visible, input:focus-visible, summary:focus-visible")) return;
      if (target.matches("input[type=range]:focus-visible") && target.id !== "knob" && /^arrow|home|end/.test(key)) return;
      const found = keys.get(key);
      if (!found) return;
      event.preventDefault();
      event.stopPropagation();
      if (event.shiftKey && key === "arrowleft") actions.step(-10);
      else if (event.shiftKey && key === "arrowright") actions.step(10);
      else found[0]();
    },
    { capture: true, signal: ended },
  );
  // What was used with the pointer, or has its choice, lets go of the focus.
  const letGo = (event) => {
    if (event.target.matches?.("input:not([inputmode]), select, button, summary")) event.target.blur();
  };
  addEventListener("change", letGo, { capture: true, signal: ended });
  addEventListener("pointerup", (event) => {
    if (event.target.tagName !== "SELECT") letGo(event);
  }, { capture: true, signal: ended });
}
