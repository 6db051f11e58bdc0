/* What the room asks for: goals and what they lack, a budget and what is over, what no candidate reaches, communities. */
(function (root) {
  "use strict";
  const live = root.plannerLive = root.plannerLive || {};
  const {
    act, afterTyping, append, choice, digits, folder, keyed, link, listed, make, moneyUnit, note, persons, refill, say, share, stepwise, table,
    typedTenths, typedYuan, words, yuan,
  } = live.kit;
  const { edits } = live;
  const { goalName, siteName, typeName } = live.names;
  const MOST_NAMED = 100, MOST_PLACES = 300, MOST_OF_STEP = 6;

  /* ---- goals ---- */
  function lacking(goal, one) {
    return say(goal.of === "communities" ? "lack_communities" : "lack_people", { n: digits(one.needed - one.reached) });
  }

  /* Add the next best place again and again until `isMet(figures)`: how many that takes and what it costs, not the least.
     `goal` {goal, scope}: best for whom that waits for, wherever a place stands. */
  function seek(session, { standard, goal = null, isMet }, tell) {
    const { edit } = session;
    let tried = edit, count = 0;
    stepwise(() => session.edit === edit, () => {
      const figures = session.figuresOf(tried), isOver = isMet(figures) || count >= MOST_PLACES;
      const withOption = ({ option }) => edits.add(tried, { ...session.optionAt(option), year: session.lastYear });
      const oversteps = session.city.overstepper(tried), lawful = (one) => !oversteps(withOption(one));
      const next = isOver ? undefined : session.city.best(tried, standard, null, { goal }).find(lawful), more = next ? withOption(next) : tried;
      if (more === tried) {
        tell({ figures, tried, count });
        return false;
      }
      tried = more;
      count += 1;
      return true;
    });
  }

  /* What was found: `lack` says what is still missing, null where nothing is. */
  function sought(session, { figures, tried, count }, lack, key) {
    const values = { n: count, cost: yuan(figures.cost.total - session.figures.cost.total), years: session.meta.horizon_years };
    const use = count ? [act(words.use, `use ${key}`, () => session.apply(tried, say("did_seek", { n: count })))] : [];
    return [note(lack === null ? say("sought", values) : say("sought_not", { ...values, lack })), ...use];
  }

  /* The rules of the scenario that the room's plan breaks, and that it keeps them; places of the room are in none of them. */
  function rules(session) {
    const broken = session.city.broken(session.edit), rooms = session.edit.plan.filter((entry) => !edits.isOption(entry)).length;
    const names = broken.slice(0, MOST_NAMED).join(words.comma);
    const kept = note(rooms ? words.rules_kept_options : words.rules_kept);
    const told = broken.length ? note(say("rules_broken", { n: broken.length, names }), "pl-less") : kept;
    return [keyed(told, "rules"), ...(rooms ? [note(say("rules_rooms", { n: rooms }))] : [])];
  }

  /* ---- a share that the room asks for ---- */
  /* The cheapest step of the frontier that reaches so many people, in words. */
  function frontierStep(session, needed) {
    const found = session.meta.frontier, { standard } = session, steps = found && found.standard === standard ? frontierSteps(session) : [];
    const step = [...steps].sort((a, b) => a.cost - b.cost).find(({ next }) => session.coveredOf(next)[standard] >= needed);
    return step ? [note(say("target_step", { cost: yuan(step.cost), n: step.next.plan.length, years: session.meta.horizon_years }))] : [];
  }

  function askTarget(session, told) {
    const tenths = typedTenths(session.typed.share), s = session.standard, { people, covered } = session.figures.standards[s];
    const needed = Math.ceil((tenths * people) / 1000), short = say("lack_people", { n: digits(needed - covered) });
    if (tenths === null) { return told.replaceChildren(note(words.target_wrong, "pl-less")); }
    if (covered >= needed) { return told.replaceChildren(note(words.target_met, "pl-more")); }
    told.replaceChildren(note(short), note(words.computing));
    return seek(session, { standard: s, isMet: (figures) => figures.standards[s].covered >= needed }, (found) => {
      const left = needed - found.figures.standards[s].covered;
      const lack = left > 0 ? say("lack_people", { n: digits(left) }) : null;
      told.replaceChildren(note(short, "pl-less"), ...sought(session, found, lack, "target"), ...frontierStep(session, needed));
    });
  }

  function target(session) {
    const field = keyed(make("input"), "target"), told = make("div"), label = make("label", "pl-field");
    Object.assign(field, { type: "text", inputMode: "decimal", value: session.typed.share, autocomplete: "off" });
    field.addEventListener("change", () => { session.typed.share = field.value; });
    append(label, make("span", "", say("target", { name: session.meta.standards[session.standard].name })), field);
    return append(make("div", "pl-add"), label, act(words.seek, "seek target", () => askTarget(session, told)), told);
  }

  /* ---- each goal ---- */
  function goalRow(session, g, scope) {
    const goal = session.meta.goals[g], one = session.figures.goals[g][scope], before = session.base.goals[g][scope], key = `goal ${g} ${scope}`;
    const figures = say("goal_line", {
      needed: digits(one.needed), whole: digits(one.whole), after: digits(one.reached),
      before: before.whole === one.whole ? digits(before.reached) : `${digits(before.reached)} / ${digits(before.whole)}`,
      signed: live.tables.signedName(session),
    });
    const mark = make("span", one.met ? "pl-met" : "pl-unmet", one.met ? `✓ ${words.met}` : `✗ ${lacking(goal, one)}`), told = make("div");
    const row = append(make("li"), mark, make("bdi", "", ` ${goalName(session, goal, scope)}`), make("span", "pl-fine", goal.id),
      make("span", "pl-fine", figures));
    if (one.met) { return row; }
    const ask = act(words.seek, key, () => {
      told.replaceChildren(note(words.computing));
      const reached = (figures) => figures.goals[g][scope];
      seek(session, { standard: goal.standard, goal: { goal: g, scope }, isMet: (figures) => reached(figures).met }, (found) => {
        const now = reached(found.figures);
        told.replaceChildren(...sought(session, found, now.met ? null : lacking(goal, now), key));
      });
    });
    return append(row, ask, told);
  }

  function goalPairs(session) {
    return session.meta.goals.flatMap((goal, g) => (session.figures.goals[g] || []).map((one, scope) => [g, scope, one.met]));
  }

  function goals(session) {
    return folder(() => {
      const all = goalPairs(session);
      return all.length ? say("goals_heading", { met: all.filter(([, , met]) => met).length, n: all.length }) : words.goals;
    }, (body) => {
      const rows = goalPairs(session).sort((a, b) => a[2] - b[2]).map(([g, scope]) => goalRow(session, g, scope));
      const served = session.meta.goals.filter((_, g) => session.figures.goals[g] === null);
      const apart = served.map((goal) => note(say("goal_served", { name: goalName(session, goal) })));
      refill(body, ...(rows.length ? [listed("pl-list", rows)] : []), ...apart,
        ...(session.meta.goals.length ? [] : [note(words.no_goals)]), target(session), ...rules(session));
    }, true);
  }

  /* ---- a budget ---- */
  function startText(session) {
    const unit = Number(moneyUnit), budget = session.meta.budget_yuan;
    return budget === null || budget === undefined ? "" : String(budget / unit);
  }

  function overText(session, budget) {
    if (budget === null) { return note(session.typed.budget ? words.budget_wrong : words.budget_hint, session.typed.budget ? "pl-less" : ""); }
    const over = session.figures.cost.total - budget;
    const values = { cost: yuan(session.figures.cost.total), rest: yuan(Math.abs(over)) };
    return over > 0 ? note(say("over", values), "pl-less") : note(say("within", values), "pl-more");
  }

  /* The edits that the steps of the frontier make, and what each costs in the room. */
  function frontierSteps(session) {
    return session.meta.frontier.points.map(({ open }) => {
      const next = edits.budget(session.edit, open.map(({ option, year }) => ({ ...session.optionAt(option), year })));
      return { next, cost: session.city.cost(next).total };
    });
  }

  /* The share that each step covers in the room, told as they are counted: speeds, metrics and outlets may be others than the run's. */
  function stepShares(session, steps, cells) {
    const { edit } = session, { standard } = session.meta.frontier, { people } = session.figures.standards[standard];
    let i = 0;
    stepwise(() => session.edit === edit && i < steps.length, () => {
      cells[i].textContent = share(session.coveredOf(steps[i].next)[standard], people);
      i += 1;
      return true;
    });
  }

  /* A place that a step builds, by the number that it has on the map. */
  function placeOfStep(session, i, { site, type, size }, number) {
    const mark = make("span", number ? "pl-number" : "pl-number pl-new", number ? String(number) : words.new_short);
    const show = link(siteName(session, site), `step ${i} ${JSON.stringify([site, type, size])}`, () => session.focus({ site }));
    const isPlain = !size && session.meta.types.filter((one) => one.build).length < 2; // all steps build the same
    return append(make("li"), mark, show, ...(isPlain ? [] : [make("span", "pl-fine", typeName(session, type, size))]));
  }

  /* What a step builds, below its row: those of the signed plan in its order, then the others; the first of many, the rest when asked for. */
  function placesOfStep(session, { next }, i) {
    const box = make("td"), rank = (number) => number || Infinity;
    const built = next.plan.map((entry) => [entry, session.signedNumber(entry)])
      .sort(([, one], [, other]) => (one === other ? 0 : rank(one) - rank(other)));
    const draw = (most) => {
      const rest = built.length - most, rows = built.slice(0, most).map(([entry, number]) => placeOfStep(session, i, entry, number));
      const more = rest > 0 ? [act(say("more_places", { n: rest }), `step ${i} all`, () => draw(built.length))] : [];
      refill(box, ...(rows.length ? [listed("pl-built", rows)] : [make("span", "pl-fine", words.plan_empty)]), ...more);
    };
    box.colSpan = 4;
    draw(MOST_OF_STEP);
    return append(make("tr", "pl-places"), box);
  }

  function frontier(session, budget) {
    const found = session.meta.frontier;
    if (!found) { return [note(say("no_frontier", { file: session.meta.scenario.file || words.any_scenario }))]; }
    const standard = session.meta.standards[found.standard], steps = frontierSteps(session), cells = steps.map(() => make("td", "", "…"));
    const affordable = steps.reduce((last, { cost }, i) => (budget !== null && cost <= budget ? i : last), -1);
    const rows = steps.map(({ next, cost }, i) => {
      const isNow = edits.same(next, session.edit);
      const use = act(isNow ? words.in_use : words.use, `step ${i}`, () => session.apply(next, say("did_budget", { cost: yuan(cost) })));
      use.disabled = isNow;
      const row = [yuan(cost), say("places", { n: next.plan.length }), cells[i], use];
      return i === affordable ? row.map((value, at) => (at ? value : [value, "pl-deciding"])) : row;
    });
    stepShares(session, steps, cells);
    const lead = note(say("frontier_of", { name: standard.name, years: session.meta.horizon_years }));
    const { speed, metric, closed, moved } = session.edit, isOther = speed !== session.start.speed || metric !== session.start.metric;
    const again = isOther || closed.length || Object.keys(moved).length ? [note(words.frontier_again)] : [];
    const told = table([words.cost, words.built, words.covered_share, ""], rows, "pl-steps");
    [...told.tBodies[0].rows].forEach((row, i) => row.after(placesOfStep(session, steps[i], i)));
    return [lead, ...again, told];
  }

  /* From the places of the signed plan those that newly cover most people for the money, as long as they fit: not the best. */
  function pick(session, budget, tell) {
    const { edit, standard } = session, waiting = edits.budget(edit, session.start.plan);
    const entryOf = (k) => waiting.plan.find((one) => edits.sameOption(one, session.optionAt(k)));
    const yearOf = (k) => (entryOf(k) || { year: session.lastYear }).year;
    let chosen = { ...edit, plan: [] };
    stepwise(() => session.edit === edit, () => {
      const oversteps = session.city.overstepper(chosen);
      const fits = ({ option }) => {
        const entry = entryOf(option);
        if (!entry) { return false; }
        const more = edits.add(chosen, entry);
        return session.city.cost(more).total <= budget && !oversteps(more);
      };
      const next = session.city.best(chosen, standard, null, { yearOf }).find(fits);
      if (!next) {
        tell(chosen);
        return false;
      }
      chosen = edits.add(chosen, entryOf(next.option));
      return true;
    });
  }

  /* Within the amount that is typed by now: a press on the button may be what ended the typing. */
  function pickTyped(session) {
    const budget = typedYuan(session.typed.budget);
    if (budget === null) { return; }
    pick(session, budget, (chosen) => session.apply(chosen, say("did_pick", { n: chosen.plan.length, cost: yuan(budget) })));
  }

  function budgets(session) {
    const draw = (body) => {
      if (session.typed.budget === null) { session.typed.budget = startText(session); }
      const budget = typedYuan(session.typed.budget), field = keyed(make("input"), "budget");
      Object.assign(field, { type: "text", inputMode: "decimal", value: session.typed.budget, autocomplete: "off" });
      field.addEventListener("change", () => { session.typed.budget = field.value.trim(); });
      afterTyping(field, () => draw(body));
      const label = append(make("label", "pl-field"), make("span", "", say("budget", { years: session.meta.horizon_years })), field);
      const picking = () => [act(words.pick, "pick", () => pickTyped(session)), note(words.pick_note)];
      const first = budget === null || !session.start.plan.length ? [] : picking();
      refill(body, label, overText(session, budget), ...frontier(session, budget), ...first, ...rules(session));
    };
    return folder(() => words.budget_heading, draw, false);
  }

  /* ---- communities ---- */
  function unitList(session, units, people) {
    const { meta } = session, sorted = [...units].sort((a, b) => people[b] - people[a] || a - b);
    const rows = sorted.slice(0, MOST_NAMED).map((u) => append(make("li"), make("bdi", "", meta.units[u].name || meta.units[u].id),
      make("span", "pl-fine", [meta.districts[meta.units[u].district], persons(people[u])].filter(Boolean).join(" · "))));
    return [listed("pl-units", rows), ...(units.length > MOST_NAMED ? [note(say("more_units", { n: units.length - MOST_NAMED }))] : [])];
  }

  function unitBlock(session, key, units, people, className) {
    const sum = units.reduce((total, u) => total + people[u], 0);
    return [make("h3", className, say(key, { n: digits(units.length), people: digits(sum) })), ...unitList(session, units, people)];
  }

  function communities(session) {
    let against = "signed";
    const compared = () => (against === "signed" ? session.base : session.today).units[session.standard];
    const peopleOf = (edit) => session.city.unitPeople(edit, session.standard); // who is counted follows the edit
    const changed = (from, to) => from.reduce((found, state, u) => (state !== 2 && to[u] === 2 ? [...found, u] : found), []);
    const draw = (body) => {
      const before = [...compared()], after = [...session.figures.units[session.standard]];
      const counted = peopleOf(against === "signed" ? session.start : session.city.today);
      const which = choice(words.against, "against", [["signed", live.tables.signedName(session)], ["today", words.today]], against, (value) => {
        against = value;
        draw(body);
      });
      refill(body, which, ...unitBlock(session, "units_won", changed(before, after), peopleOf(session.edit), "pl-more"),
        ...unitBlock(session, "units_lost", changed(after, before), counted, "pl-less"));
    };
    return folder(() => {
      const [before, after] = [session.base, session.figures].map((figures) => figures.units[session.standard]);
      const won = changed([...before], [...after]).length, lost = changed([...after], [...before]).length;
      return say("units_heading", { won, lost });
    }, draw, false);
  }

  /* ---- what no candidate reaches ---- */
  function outOfReach(session) {
    return folder(() => words.beyond_heading, (body) => {
      const { edit, standard, meta } = session;
      refill(body, note(words.computing));
      stepwise(() => session.edit === edit && session.standard === standard, () => {
        const most = session.figuresOf(session.everything(edit)), left = most.standards.map((one) => one.people - one.covered);
        const units = [...most.units[standard]].reduce((found, state, u) => (state === 1 ? [...found, u] : found), []);
        const rows = meta.standards.map((one, s) => [one.name, digits(left[s]), share(left[s], most.standards[s].people)]);
        const named = units.length ? unitBlock(session, "beyond_units", units, session.city.unitPeople(session.edit, standard), "") : [];
        refill(body, note(words.beyond_note), table(["", words.people, words.part], rows), ...named);
        return false;
      });
    }, false);
  }

  live.asks = { budgets, communities, goals, outOfReach };
})(globalThis);
