/* The panel of the live map: the signed figures and the room's, side by side, and all that the room may change. */
(function (root) {
  "use strict";
  const live = root.plannerLive = root.plannerLive || {};
  const { act, append, data, folder, keyed, make, note, refill, say, words } = live.kit;
  const { edits } = live;
  const MOST_ROWS = 9, ROW_LETTERS = 44; // of the changes on a sheet of paper, which has one column for them and the figures

  /* ---- what counts ---- */
  /* Choices of one switch as radio buttons; the run's own is marked as the one that decides. */
  function radios(session, name, heading, choices) {
    const now = session.edit[name], box = append(make("fieldset", "pl-switch"), make("legend", "", heading));
    choices.forEach(([value, text]) => {
      const radio = keyed(make("input"), `${name} ${value}`), own = value === session.start[name];
      Object.assign(radio, { type: "radio", name: `pl-${name}`, value, checked: value === now });
      const told = say("did_switch", { name: heading, to: text });
      radio.addEventListener("change", () => session.apply(edits.set(session.edit, { [name]: value }), told));
      append(box, append(make("label"), radio, make("span", "", own ? say("deciding", { name: text }) : text)));
    });
    return box;
  }

  function metrics({ meta }) {
    const own = new Set(meta.standards.map((one) => one.own)), name = own.size > 1 ? words.metric_own : words[`metric_${[...own][0]}`];
    const others = [["road", "straight"], ["straight", "road"]]
      .filter(([metric, other]) => own.has(other) && meta.standards.some((one) => one.own === other && one.ways[metric]));
    return [["own", name], ...others.map(([metric]) => [metric, words[`metric_${metric}`]])];
  }

  /* Limits in kilometres are the same at every speed. */
  function speedCounts({ meta }) {
    return meta.standards.some((one) => Object.values(one.ways).some((way) => way && new Set(way.limits).size > 1));
  }

  function counting(session) {
    const { meta } = session, lead = () => {
      const changed = ["speed", "rule", "metric"].filter((name) => session.edit[name] !== session.start[name]).length;
      return changed ? words.counting_changed : words.counting;
    };
    return folder(lead, (body) => refill(body,
      radios(session, "speed", words.speed, meta.speeds.map((speed) => [speed, speed])), ...(speedCounts(session) ? [] : [note(words.speed_idle)]),
      radios(session, "metric", words.metric, metrics(session)),
      radios(session, "rule", words.rule, meta.rules.map((rule) => [rule, live.names.ruleShare(rule)])), note(words.rule_note)), true);
  }

  /* ---- the head ---- */
  function head(session) {
    const box = make("div", "pl-head"), last = make("p", "pl-last"), tools = make("div", "pl-tools");
    last.setAttribute("aria-live", "polite");
    const undo = act(words.undo, "undo", () => session.undo()), redo = act(words.redo, "redo", () => session.redo());
    const reset = act(words.reset, "reset", () => session.reset(words.did_reset));
    const compare = act(words.compare, "compare", () => live.compare.show(session));
    append(tools, undo, redo, reset, compare, act(words.hand_back, "back", () => live.handback.dialog(session), "pl-act pl-strong"));
    const beside = make("span", "", say("beside", { signed: live.tables.signedName(session) }));
    const doubts = make("div");
    append(box, append(make("p", "pl-title"), make("span", "pl-badge", words.room), beside), tools, last, doubts);
    const able = () => [[undo, session.past.length], [redo, session.future.length], [reset, session.isChanged]];
    const tell = () => {
      const done = session.isChanged ? session.words || words.room : words.as_signed, isDragged = session.previewed && session.previewed.covered;
      last.textContent = isDragged ? words.dragging : done;
    };
    const update = (what) => {
      tell();
      if (what === "preview") { return; }
      const had = able().find(([one, can]) => one === document.activeElement && !can);
      able().forEach(([one, can]) => { one.disabled = !can; });
      if (had) { (able().map(([one]) => one).find((one) => !one.disabled) || compare).focus({ preventScroll: true }); } // not to the page
      doubts.replaceChildren(...live.offroad.listed(session), ...live.handback.doubtful(session));
    };
    return { box, update, follows: ["edit", "preview"] };
  }

  /* The first of many lines, as many as rows of a sheet have room for; a wide sign takes as much as two others. At least one. */
  function fitting(lines, most) {
    const rowsOf = (line) => Math.ceil(Array.from(line).reduce((sum, one) => sum + (one > "\u2e7f" ? 2 : 1), 0) / ROW_LETTERS);
    let left = most;
    const at = lines.findIndex((line, i) => {
      left -= rowsOf(line);
      return i > 0 && left < 0;
    });
    return at < 0 ? lines : lines.slice(0, at);
  }

  /* What was done, for a sheet of paper: there the lists have no room, and of many changes the file has the rest. */
  function printed(session) {
    const box = make("section", "pl-part pl-printed"), list = make("ul", "pl-changes"), sums = make("div");
    const draw = (most) => {
      const lines = live.compare.changes(session), shown = fitting(lines, most), rest = lines.length - shown.length;
      const more = rest ? [make("li", "pl-rest", say("more_changes", { n: rest }))] : [];
      list.replaceChildren(...shown.map((line) => make("li", "", line)), ...more);
    };
    /* The sheet is laid out by now, in the smallest text where many standards stand above the list: what has no room yet goes. */
    const trim = () => {
      const panel = box.parentNode;
      const isOver = () => panel.scrollHeight > panel.clientHeight + 1;
      for (let most = MOST_ROWS - 1; most > 0 && isOver(); most -= 1) { draw(most); }
      sums.hidden = isOver();
    };
    const update = () => {
      sums.hidden = false;
      sums.replaceChildren(...live.compare.sums(session).map((line) => note(line)));
      draw(MOST_ROWS);
    };
    window.addEventListener("beforeprint", trim);
    window.addEventListener("afterprint", update);
    return { box: append(box, sums, make("h3", "", words.changes), list), update, follows: ["edit"] };
  }

  /* ---- the foot ---- */
  function foot() {
    const box = make("div", "pl-foot");
    box.id = "pm-live-foot";
    (data.live.foot || []).forEach((line) => append(box, note(line)));
    return box;
  }

  /* ---- the panel ---- */
  /* Where the whole plan was in sight, it is so after the room for the map changed. */
  function keepWhole(change) {
    const map = window.plannerPage.map(), isWhole = map.getBounds().contains(data.bounds);
    change();
    map.invalidateSize({ animate: false });
    if (isWhole) { map.fitBounds(data.bounds, { animate: false, paddingTopLeft: [16, 44], paddingBottomRight: [16, 16] }); }
  }

  /* On a small window the panel is a sheet below the map; its bar folds it away. */
  function sheet(box) {
    const bar = act(words.sheet, "sheet", () => turn(!box.classList.contains("pl-folded")), "pl-sheet-bar");
    const turn = (isFolded) => {
      keepWhole(() => box.classList.toggle("pl-folded", isFolded));
      bar.setAttribute("aria-expanded", String(!isFolded));
    };
    bar.setAttribute("aria-expanded", "true");
    return bar;
  }

  function build(session, scene) {
    const box = make("aside", "pm-panel pl-panel"), { tables, lists, asks } = live;
    box.id = "pl-panel";
    box.hidden = true;
    box.tabIndex = 0;
    box.setAttribute("aria-label", words.panel);
    const districts = session.meta.districts.length ? [tables.districts(session), tables.why(session)] : [];
    const communities = session.meta.units.length ? [asks.communities(session)] : [];
    const parts = [head(session), tables.standards(session), counting(session), lists.plan(session), lists.existing(session), tables.costs(session),
      asks.budgets(session), asks.goals(session), ...districts, ...communities, lists.best(session), asks.outOfReach(session), printed(session)];
    const keys = scene && scene.keys ? [append(make("section", "pl-part pl-keys"), make("h2", "", words.keys), scene.keys())] : [];
    /* On paper what has no room is cut off below: the key goes before the list of changes. */
    const boxes = parts.map((part) => part.box);
    append(box, sheet(box), ...boxes.slice(0, -1), ...keys, ...boxes.slice(-1), foot());
    return { box, parts };
  }

  /* What is to stay where it stands: what has the focus, if it is in sight below the head, or else the first that is, at its distance
     from the head. `place(one)` tells where something stands. */
  function anchorOf(box) {
    const head = box.querySelector(".pl-head").getBoundingClientRect(), { bottom } = box.getBoundingClientRect();
    const top = Math.max(head.bottom, box.getBoundingClientRect().top), rows = [...box.querySelectorAll(".pl-part, .pl-part [data-key]")];
    const isSeen = (one) => { const place = one.getBoundingClientRect(); return place.height > 0 && place.bottom > top && place.top < bottom; };
    const active = rows.find((one) => one === document.activeElement && isSeen(one));
    const first = rows.find((one) => one.dataset.key && isSeen(one) && one.getBoundingClientRect().top >= top);
    const found = active || first || rows.find(isSeen), part = found && found.closest(".pl-part");
    const from = () => (active ? 0 : box.querySelector(".pl-head").getBoundingClientRect().bottom);
    const place = (one) => one.getBoundingClientRect().top - from();
    return found ? { part, key: found.dataset.key, was: place(found), partWas: place(part), place } : null;
  }

  /* While a part is drawn again the panel must not jump: what the room pressed or looks at stays where it stands. */
  function steady(box, draw) {
    const { scrollTop } = box, anchor = anchorOf(box);
    draw();
    const again = anchor && anchor.key && [...anchor.part.querySelectorAll("[data-key]")].find((one) => one.dataset.key === anchor.key);
    const moved = () => anchor.place(again || anchor.part) - (again ? anchor.was : anchor.partWas);
    box.scrollTop = anchor ? box.scrollTop + moved() : scrollTop;
  }

  function follow(session, { box, parts }) {
    const update = (what) => {
      if (!session.isOn) { return; }
      const told = parts.filter((part) => (part.follows || ["edit", "standard"]).includes(what));
      const draw = () => told.forEach((part) => part.update(what));
      if (what === "preview") { draw(); } else if (told.length) { steady(box, draw); }
    };
    session.on((_, what) => update(what));
    return () => parts.forEach((part) => part.update());
  }

  /* The button in the page's head turns the room's map on and off; the signed map is as it was before. */
  function onButton(session, box, draw) {
    const button = document.getElementById("pm-live"), legend = document.getElementById("pm-panel");
    const name = button.textContent;
    button.setAttribute("aria-expanded", "false");
    button.setAttribute("aria-controls", box.id);
    button.addEventListener("click", () => session.turn(!session.isOn));
    session.on((_, what) => {
      if (what !== "live") { return; }
      const { isOn } = session;
      button.setAttribute("aria-expanded", String(isOn));
      button.textContent = isOn ? words.leave : name;
      keepWhole(() => {
        document.body.classList.toggle("pl-on", isOn);
        box.hidden = !isOn;
        if (isOn) { draw(); }
      });
    });
    legend.parentNode.insertBefore(box, legend.nextSibling);
  }

  /* Called when the city stands and its figures are those that were signed. */
  live.begin = (city) => {
    const session = live.session(city), scene = live.scene ? live.scene(session) : null, panel = build(session, scene);
    live.basis.follow(session);
    live.leave(session);
    onButton(session, panel.box, follow(session, panel));
    live.now = { session, scene };
    return session;
  };
})(globalThis);
