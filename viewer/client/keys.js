// Keys that always work: the page listens before any control does, and no control but a box for text keeps the focus.

// What they are, the document says. They stand until `ended` is aborted.
function makeKeys(doc, actions, ended) {
  const last = () => actions.seek(doc.results[0].count - 1);
  const work = { ...actions, last };
  const keys = new Map();
  for (const one of doc.keys) {
    for (const key of one.keys) keys.set(key, one);
    if (!one.told) continue;
    const kbd = document.createElement("dt");
    kbd.append(element("kbd", one.told));
    byId("keylist").append(kbd, element("dd", one.what));
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
      if (event.shiftKey && key.startsWith("arrow")) actions.step(10 * found.given);
      else work[found.action](...(found.given === null ? [] : [found.given]));
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
