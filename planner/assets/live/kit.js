/* Small tools of the panel: words, figures, sections that fold. Names are data: they reach the page as text only. */
(function (root) {
  "use strict";
  const live = root.plannerLive = root.plannerLive || {};
  const { data, words: pageWords, make, append, fill, digits, money, button } = window.plannerPage;
  const words = data.live.words.live;

  function say(key, values) {
    return fill(words[key], values || {});
  }

  /* ---- figures ---- */
  function persons(number) {
    return say("persons", { n: digits(number) });
  }

  function signed(number) {
    return number > 0 ? `+${digits(number)}` : digits(number);
  }

  /* Tenths of a percent, rounded down as everywhere. */
  function tenths(part, whole) {
    return whole ? Math.floor((part * 1000) / whole) : 0;
  }

  function percent(thousandths) {
    const size = Math.abs(thousandths);
    return `${thousandths < 0 ? "-" : ""}${Math.floor(size / 10)}.${size % 10}%`;
  }

  function share(part, whole) {
    return whole ? percent(tenths(part, whole)) : "—";
  }

  /* A difference of shares, in points of a percent. */
  function signedTenths(thousandths) {
    return `${thousandths > 0 ? "+" : ""}${percent(thousandths).replace("%", "")}`;
  }

  function yuan(number, isEstimated) {
    return number < 0 ? `-${money(-number, isEstimated)}` : money(number, isEstimated);
  }

  function signedYuan(number) {
    return number > 0 ? `+${yuan(number)}` : yuan(number);
  }

  /* What was typed on a Chinese keyboard in plain signs and without spaces: its digits are wide, its point may be 。 and its percent ％. */
  function plainTyped(text) {
    return text.normalize("NFKC").replace(/\s/g, "").replace(/。/g, ".");
  }

  /* Yuan of an amount as typed, in 万元 in Chinese unless it says which; null for what is no amount. Digits are moved, not
     multiplied. */
  function typedYuan(text) {
    const found = /^(\d{1,9})(?:\.(\d+))?(万元?|元)?$/.exec(plainTyped(text).replace(/,/g, ""));
    if (!found) { return null; }
    const units = { 元: 0, 万: 4, 万元: 4 }, places = found[3] ? units[found[3]] : pageWords.money_unit.length - 1;
    const decimals = (found[2] || "").replace(/0+$/, "");
    return decimals.length > places ? null : Number(found[1] + decimals.padEnd(places, "0"));
  }

  /* Tenths of a percent of a share as typed; null for what is no share. */
  function typedTenths(text) {
    const found = /^(\d{1,3})(?:\.(\d))?%?$/.exec(plainTyped(text)), thousandths = found ? Number(found[1] + (found[2] || "0")) : 0;
    return thousandths > 0 && thousandths <= 1000 ? thousandths : null;
  }

  function tone(number) {
    return number > 0 ? "pl-more" : number < 0 ? "pl-less" : "pl-even";
  }

  /* ---- elements ---- */
  function keyed(element, key) {
    element.dataset.key = key;
    return element;
  }

  /* Put new children into a box; what had the focus has it again, or else what came next and is still there, or before, or what
     comes first in the box. */
  function refill(box, ...children) {
    const active = document.activeElement, inside = active && active !== box && box.contains(active);
    const keys = inside ? [...box.querySelectorAll("[data-key]")].map((one) => one.dataset.key) : [];
    const at = inside ? keys.indexOf(active.dataset.key) : -1, near = at < 0 ? [] : [...keys.slice(at), ...keys.slice(0, at).reverse()];
    box.replaceChildren(...children);
    if (!inside) { return; }
    const there = new Map([...box.querySelectorAll("[data-key]:enabled")].map((one) => [one.dataset.key, one]));
    const again = there.get(near.find((one) => there.has(one)));
    const next = again || box.querySelector("button:enabled, input:enabled, select:enabled, summary") || box.closest("details, section");
    const target = next && next.matches("details") ? next.querySelector("summary") : next;
    if (target) { target.focus({ preventScroll: true }); }
  }

  function act(text, key, run, className) {
    return keyed(button(text, run, className || "pl-act"), key);
  }

  /* A name that shows its place on the map when it is pressed. */
  function link(text, key, run) {
    const element = act(text, key, run, "pl-link");
    element.title = say("show_on_map");
    return element;
  }

  function options(select, rows, chosen) {
    rows.forEach(([value, text]) => {
      const option = make("option", "", text);
      option.value = value;
      option.selected = value === chosen;
      append(select, option);
    });
    return select;
  }

  function choice(label, key, rows, chosen, run) {
    const select = keyed(options(make("select"), rows, chosen), key);
    select.addEventListener("change", () => run(select.value));
    return append(make("label", "pl-field"), make("span", "", label), select);
  }

  function note(text, className) {
    return make("p", `pl-note ${className || ""}`.trim(), text);
  }

  function cell(tag, text, className) {
    return make(tag, className || "", text);
  }

  function listed(className, rows) {
    return append(make("ul", className), ...rows);
  }

  /* A table; a cell is a text, [text, class] or an element. */
  function table(head, rows, className) {
    const fitted = (tag, value) => {
      if (value instanceof Element) { return value.matches("th, td") ? value : append(make(tag), value); }
      return Array.isArray(value) ? cell(tag, ...value) : cell(tag, value);
    };
    const row = (values) => append(make("tr"), ...values.map((value, i) => {
      const made = fitted(i ? "td" : "th", value);
      if (!i) { made.scope = "row"; }
      return made;
    }));
    const heads = head.map((value) => {
      const made = fitted("th", value);
      made.scope = "col";
      return made;
    });
    const made = make("table", `pl-table ${className || ""}`.trim());
    return append(made, append(make("thead"), append(make("tr"), ...heads)), append(make("tbody"), ...rows.map(row)));
  }

  /* Two bars, one above the other: the signed figure and the room's. */
  function bars(before, after, whole) {
    const box = make("span", "pl-bars");
    box.setAttribute("aria-hidden", "true");
    [[before, "pl-bar-signed"], [after, "pl-bar-live"]].forEach(([part, className]) => {
      const bar = make("i", className);
      bar.style.width = `${tenths(part, whole) / 10}%`;
      append(box, append(make("span", "pl-bar"), bar));
    });
    return box;
  }

  /* Calls `run` when a text was changed. If a press elsewhere ends the typing, its click comes first: `run` draws anew, and a button
     that goes between press and release gets no click. Browsers tell the change before the field has lost the focus. */
  function afterTyping(field, run) {
    let isPressed = false;
    const press = ({ target }) => { isPressed = target !== field; }, release = () => { isPressed = false; };
    field.addEventListener("focus", () => {
      document.addEventListener("mousedown", press, true);
      document.addEventListener("mouseup", release, true);
    });
    field.addEventListener("blur", () => {
      document.removeEventListener("mousedown", press, true);
      document.removeEventListener("mouseup", release, true);
      release();
    });
    field.addEventListener("change", () => {
      if (!isPressed) { run(); return; }
      document.addEventListener("mouseup", () => setTimeout(run, 0), { capture: true, once: true });
    });
  }

  /* ---- sections ---- */
  /* A section that folds. It is drawn only while it is open: `draw(body)` fills it, `name()` is its heading as it now is. */
  function folder(name, draw, isOpen) {
    const box = make("details", "pl-part"), heading = make("summary"), body = make("div", "pl-body");
    const update = () => {
      heading.textContent = name();
      if (box.open) { draw(body); }
    };
    box.open = Boolean(isOpen);
    box.addEventListener("toggle", update);
    return { box: append(box, heading, body), body, update };
  }

  /* Do what takes long after the page was painted, step by step; what was begun for an edit that is no longer there ends.
     `next()` does one step and returns whether there is more. */
  function stepwise(isWanted, next) {
    const steps = () => {
      const until = performance.now() + 12;
      while (isWanted()) {
        if (!next()) { return; }
        if (performance.now() > until) {
          setTimeout(steps, 0);
          return;
        }
      }
    };
    setTimeout(steps, 30);
  }

  live.kit = {
    act, afterTyping, append, bars, choice, data, digits, fill, folder, keyed, link, listed, make, moneyUnit: pageWords.money_unit, note, options,
    percent, persons, refill, say, share, signed, signedTenths, signedYuan, stepwise, table, tenths, tone, typedTenths, typedYuan, words,
    yuan,
  };
})(globalThis);
