/* The panel's lists: what is planned, in the order of building; what is added; what stands today; the next best. */
(function (root) {
  "use strict";
  const live = root.plannerLive = root.plannerLive || {};
  const {
    act, afterTyping, append, choice, digits, folder, keyed, link, listed, make, note, persons, refill, say, signed, stepwise, words, yuan,
  } = live.kit;
  const { edits } = live;
  const { closingBasis, entryName, goesTo, siteName, typeName } = live.names;

  /* A button that does one edit. */
  function does(session, text, key, edit, told, className) {
    return act(text, key, () => session.apply(edit(), told), className);
  }

  function costText(session, entry) {
    const price = session.city.priceOf(entry);
    if (!price) { return words.no_price; }
    return say("once_yearly", { once: yuan(price.once), yearly: yuan(price.yearly) }) + (price.estimated ? words.estimated : "");
  }

  /* ---- what is planned ---- */
  /* People newly covered by each entry of the plan, one after the other in its order; told as they are counted. */
  function gains(session, tell) {
    const { edit, standard } = session, covered = (count) => session.coveredOf({ ...edit, plan: edit.plan.slice(0, count) })[standard];
    let i = 0;
    stepwise(() => session.edit === edit && session.standard === standard && i < edit.plan.length, () => {
      tell(i, covered(i + 1) - covered(i));
      i += 1;
      return true;
    });
  }

  function yearChoice(session, index, key) {
    const { years } = session.meta;
    if (years.length < 2) { return []; }
    const year = session.edit.plan[index].year;
    return [choice(words.year, `year ${key}`, years.map((one) => [String(one), String(one)]), String(year), (value) => {
      const name = entryName(session, session.edit.plan[index]);
      session.apply(edits.setYear(session.edit, index, Number(value)), say("did_year", { name, year: value }));
    })];
  }

  function tick(isOn, key, name, isDisabled, run) {
    const box = keyed(make("input"), `tick ${key}`);
    Object.assign(box, { type: "checkbox", checked: isOn, disabled: isDisabled });
    box.setAttribute("aria-label", name);
    box.addEventListener("change", run);
    return box;
  }

  /* A row of the signed plan: in the plan, moved, or left out (`index` -1). */
  function signedRow(session, option, number, index) {
    const { edit } = session, entry = index < 0 ? option : edit.plan[index];
    const name = siteName(session, option.site), key = JSON.stringify(option);
    const isClosed = edit.closed.includes(option.site), isMoved = index >= 0 && !edits.isOption(entry);
    const flip = () => session.toggle(option, say(index < 0 ? "did_restore" : "did_drop", { name }));
    const gain = make("span", "pl-gain"), facts = [typeName(session, option.type, option.size), entry.year, costText(session, entry)];
    const state = index >= 0 ? words.moved : isClosed ? words.host_closed : words.left_out;
    const told = index < 0 || isMoved ? [make("em", "pl-mark", state), ...live.offroad.mark(session, entry.at)] : [];
    const put = () => does(session, words.restore, `back ${key}`, () => edits.putBack(edit, index), say("did_back", { name }));
    const show = link(name, `show ${key}`, () => session.focus(index < 0 ? { site: option.site } : { plan: index }));
    const box = append(make("div"), show, ...told, ...(isMoved && !isClosed ? [put()] : []), make("span", "pl-fine", facts.join(" · ")),
      ...(index < 0 ? [] : yearChoice(session, index, key)));
    const row = append(make("li", index < 0 ? "pl-off" : ""), tick(index >= 0, key, name, isClosed && index < 0, flip),
      make("span", "pl-number", String(number)), box, gain);
    return { row, gain, index };
  }

  function nameField(session, entry, index) {
    const field = keyed(make("input", "pl-name"), `name ${index}`);
    Object.assign(field, { type: "text", value: entryName(session, entry), maxLength: 60 });
    field.setAttribute("aria-label", words.name);
    afterTyping(field, () => {
      const name = live.handback.plain(field.value);
      const at = session.edit.plan.indexOf(entry); // the click may have taken it away, or moved it up
      if (at >= 0) { session.apply(edits.rename(session.edit, at, name), say("did_rename", { name })); }
    });
    return field;
  }

  /* A row that the room added: an option of the run, or a place of its own. */
  function addedRow(session, index) {
    const { edit } = session, entry = edit.plan[index], name = entryName(session, entry), key = `${index} ${name}`;
    const gain = make("span", "pl-gain"), method = entry.method ? [entry.method] : [];
    const tail = make("span", "pl-fine", [typeName(session, entry.type, entry.size), ...method, costText(session, entry)].join(" · "));
    const own = edits.isOption(entry) ? [] : [nameField(session, entry, index)];
    const without = () => edits.remove(edit, index), told = say("did_remove", { name });
    const show = link(edits.isOption(entry) ? name : words.show, `show ${key}`, () => session.focus({ plan: index }));
    const drop = does(session, words.remove, `remove ${key}`, without, told), box = tick(true, key, name, false, () => session.apply(without(), told));
    const row = append(make("li"), box, make("span", "pl-number pl-new", words.new_short),
      append(make("div"), show, ...live.offroad.mark(session, entry.at), ...own, drop, tail, ...yearChoice(session, index, key)), gain);
    return { row, gain, index };
  }

  /* Rows of the signed plan in its order, then those that the room added. */
  function planRows(session) {
    const { plan } = session.edit, signedPlan = session.start.plan;
    const rows = signedPlan.map((option, i) => signedRow(session, option, i + 1, edits.indexOf(plan, option)));
    return [...rows, ...plan.map((_, index) => index).filter((index) => !session.signedNumber(plan[index])).map((index) => addedRow(session, index))];
  }

  function planHeading(session) {
    const { plan } = session.edit, left = session.start.plan.filter((option) => edits.indexOf(plan, option) < 0).length;
    const added = plan.filter((entry) => !session.signedNumber(entry)).length;
    const moved = plan.filter((entry) => !edits.isOption(entry) && session.signedNumber(entry)).length;
    const parts = [["left", left], ["moved", moved], ["added", added]].filter(([, count]) => count).map(([key, n]) => say(`plan_${key}`, { n }));
    return say("plan_heading", { n: plan.length }) + (parts.length ? say("in_brackets", { parts: parts.join(words.comma) }) : "");
  }

  function plan(session) {
    const part = folder(() => planHeading(session), (body) => {
      const rows = planRows(session), list = append(make("ol", "pl-list"), ...rows.map((one) => one.row));
      refill(body, ...(rows.length ? [note(words.plan_note), list] : [note(words.plan_empty)]), ...adding(session));
      const byIndex = new Map(rows.filter((one) => one.index >= 0).map((one) => [one.index, one.gain]));
      gains(session, (index, people) => {
        byIndex.get(index).textContent = say("more_people", { n: signed(people) });
        byIndex.get(index).classList.toggle("pl-even", people === 0);
      });
    }, true);
    return { ...part, follows: ["edit", "standard", "adding"] };
  }

  /* ---- to add one of a type ---- */
  function prices(session, type) {
    return session.meta.prices.filter((one) => one.type === type);
  }

  function priceName(price) {
    return [price.method || words.own_price, price.size, yuan(price.once)].filter(Boolean).join(" · ");
  }

  function newName(session) {
    const used = new Set(session.edit.plan.map((entry) => entry.name));
    let n = 1;
    while (used.has(say("new_name", { n }))) { n += 1; }
    return say("new_name", { n });
  }

  function placeAsked(session) {
    const { asked } = session, price = prices(session, asked.type)[asked.price];
    return { type: asked.type, size: price.size || "", method: price.method, year: asked.year || session.lastYear, name: newName(session) };
  }

  function addButtons(session) {
    if (session.adding) {
      return [note(words.click_map, "pl-call"), act(words.cancel, "add cancel", () => session.add(null)), act(words.at_center, "add center", () => {
        const { lng, lat } = window.plannerPage.map().getCenter();
        session.place([lng, lat], say("did_add", { name: session.adding.name, type: typeName(session, session.adding.type) }));
      })];
    }
    return [act(words.add_on_map, "add start", () => session.add(placeAsked(session)), "pl-act pl-strong")];
  }

  function adding(session) {
    const types = session.meta.types.filter((one) => one.build && prices(session, one.type).length);
    const { asked } = session;
    if (!types.length) { return []; }
    asked.type = types.some((one) => one.type === asked.type) ? asked.type : types[0].type;
    const known = prices(session, asked.type), again = (change) => {
      Object.assign(asked, change);
      if (session.adding) { session.add(placeAsked(session)); } else { session.tell("adding"); }
    };
    const pick = choice(words.type, "add type", types.map((one) => [one.type, one.name]), asked.type, (type) => again({ type, price: 0 }));
    const methods = known.map((one, i) => [String(i), priceName(one)]);
    const method = known.length < 2 ? [] : [choice(words.method, "add method", methods, String(asked.price), (i) => again({ price: Number(i) }))];
    const years = session.meta.years.length < 2 ? [] : [choice(words.year, "add year", session.meta.years.map((one) => [String(one), String(one)]),
      String(asked.year || session.lastYear), (year) => again({ year: Number(year) }))];
    return [append(make("div", "pl-add"), make("h3", "", words.add_heading), pick, ...method, ...years, ...addButtons(session))];
  }

  /* ---- what stands today ---- */
  function standing(session) {
    return session.meta.sites.filter((site) => site.types);
  }

  function goneTo(session, move) {
    const { city, edit, standard } = session, isStraight = city.wayOf(session.meta.standards[standard], edit.metric).mode === "straight";
    const isNowhere = move.to === "" && move.plan < 0, { more_mm: mm, more_ms: ms } = move;
    const name = isNowhere && isStraight ? words.none_near : goesTo(session, move.to, move.plan);
    const far = mm === null ? "" : say("farther", { metres: digits(Math.ceil(mm / 1000)) });
    const more = ms === null ? far : say("longer", { minutes: (Math.ceil(ms / 6000) / 10).toFixed(1) });
    return append(make("li"), make("bdi", "", name), make("span", "", ` ${persons(move.people)}${more}`));
  }

  /* Who is hurt by the closing of an outlet and where they would go, as long as it is open. */
  function hurt(session, site) {
    const told = session.city.closing(session.withOpen(site), site, session.standard);
    if (!told || (!told.nearest && !told.losing)) { return [note(words.closing_nobody)]; }
    const list = (moves) => append(make("ul", "pl-moves"), ...moves.slice(0, 5).map((move) => goneTo(session, move)));
    // near field checks others lose cover as well, and some of those nearest to it keep theirs
    const sorted = told.losing_moves.reduce((sum, move) => sum + move.people, 0), isWhole = sorted === told.losing && told.losing <= told.nearest;
    const isStraight = session.city.wayOf(session.meta.standards[session.standard], session.edit.metric).mode === "straight";
    const key = isWhole ? (isStraight ? "closing_losing_straight" : "closing_losing") : "closing_losing_checked";
    const beyond = isStraight || !told.losing_moves.length ? [] : [...(isWhole ? [] : [note(words.closing_beyond)]), list(told.losing_moves)];
    const atLoss = [note(say(key, { n: digits(told.losing) }), "pl-less"), ...beyond];
    const lost = told.losing ? atLoss : [note(words.closing_none_lost)];
    return [note(say("closing_nearest", { n: digits(told.nearest), basis: closingBasis(session) })), list(told.moves), ...lost];
  }

  function changedRow(session, id) {
    const name = siteName(session, id), isClosed = session.edit.closed.includes(id);
    const focus = () => (isClosed ? session.focusClosing(id) : session.focus({ site: id }));
    const show = link(name, `show ${id}`, focus), mark = make("em", "pl-mark", isClosed ? words.closed : words.moved);
    const back = does(session, words.restore, `reopen ${id}`, () => session.withOpen(id), say("did_reopen", { name }));
    return append(make("li"), append(make("div"), show, mark, ...live.offroad.mark(session, edits.movedOf(session.edit, id)), back, ...(isClosed ? hurt(session, id) : [])));
  }

  function existing(session) {
    let chosen = "";
    const draw = (body) => {
      const { edit } = session, ids = [...edit.closed, ...Object.keys(edit.moved)];
      const open = standing(session).filter((site) => !edit.closed.includes(site.id));
      if (!open.some((site) => site.id === chosen)) { chosen = ""; }
      const rows = [["", words.choose], ...open.map((site) => [site.id, siteName(session, site.id)])];
      const pick = choice(words.outlet, "outlet", rows, chosen, (id) => {
        chosen = id;
        draw(body);
        if (id) { session.focusClosing(id); }
      });
      const said = say("did_close", { name: siteName(session, chosen) });
      const shut = () => {
        const id = chosen;
        session.apply(edits.close(edit, id), said);
        session.focusClosing(id);
      };
      const close = act(words.close, "close outlet", shut, "pl-act pl-strong");
      const told = chosen ? [append(make("div"), close, ...hurt(session, chosen))] : [];
      const changed = ids.length ? [listed("pl-list", ids.map((id) => changedRow(session, id)))] : [];
      refill(body, ...changed, ...(edit.closed.length ? [note(words.closing_cost)] : []), pick, ...told, note(words.existing_note));
    };
    return folder(() => say("existing_heading", { n: session.edit.closed.length + Object.keys(session.edit.moved).length }), draw, false);
  }

  /* ---- the next best place ---- */
  function bestRow(session, { option: k, newly, cost }) {
    const option = { ...session.optionAt(k), year: session.lastYear }, name = siteName(session, option.site);
    const type = typeName(session, option.type, option.size), each = say("each_cost", { n: digits(Math.ceil(cost / newly)) });
    return append(make("li"), append(make("div"), link(name, `best ${k}`, () => session.focus({ option: k, site: option.site })),
      does(session, words.add, `best add ${k}`, () => edits.add(session.edit, option), say("did_add", { name, type })),
      make("span", "pl-fine", [type, say("newly", { n: signed(newly) }), yuan(cost), each].join(" · "))));
  }

  function best(session) {
    let type = "";
    const draw = (body) => {
      const types = session.meta.types.filter((one) => one.build), { edit, standard } = session;
      const pick = choice(words.type, "best type", [["", words.any_type], ...types.map((one) => [one.type, one.name])], type, (value) => {
        type = value;
        draw(body);
      });
      refill(body, pick, note(words.computing));
      stepwise(() => session.edit === edit && session.standard === standard, () => {
        const rows = session.city.best(edit, standard, type ? [type] : undefined).filter((one) => one.newly > 0).slice(0, 10);
        const told = rows.length ? listed("pl-list", rows.map((one) => bestRow(session, one))) : note(words.best_none);
        refill(body, pick, told, note(words.best_note));
        return false;
      });
    };
    return folder(() => words.best_heading, draw, false);
  }

  live.lists = { best, existing, plan, planHeading };
})(globalThis);
