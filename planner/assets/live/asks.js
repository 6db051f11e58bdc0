/* What the room asks for: goals and what they lack, a budget and what is over, what no candidate reaches, communities. */
(function (root) {
  "use strict";
  const live = root.plannerLive = root.plannerLive || {};
  const {
    act, afterTyping, append, choice, digits, folder, keyed, link, listed, make, moneyUnit, note, persons, refill, say, share, stepwise, table,
    typedYuan, words, yuan,
  } = live.kit;
  const { edits } = live;
  const { beyond, frontierSteps, seek, sought, target } = live.seek;
  const { goalName, siteName, typeName } = live.names;
  const MOST_NAMED = 100, MOST_OF_STEP = 6;

  /* ---- goals ---- */
  function lacking(goal, one) {
    return say(goal.of === "communities" ? "lack_communities" : "lack_people", { n: digits(one.needed - one.reached) });
  }

  /* The rules of the scenario that the room's plan breaks, and that it keeps them; places of the room are in none of
     them, and outlets of today that were moved are where they were. */
  function rules(session) {
    const broken = session.city.broken(session.edit), rooms = session.edit.plan.filter((entry) => !edits.isOption(entry)).length;
    const rulesOf = broken.slice(0, MOST_NAMED).map((name) => session.meta.siting_rules.find((rule) => rule.name === name));
    const names = rulesOf.map((rule) => rule.told).join(words.semicolon);
    const outlets = Object.keys(session.edit.moved).length, kept = note(rooms || outlets ? words.rules_kept_options : words.rules_kept);
    const told = broken.length ? note(say("rules_broken", { n: broken.length, names }), "pl-less") : kept;
    if (broken.length) { told.title = broken.slice(0, MOST_NAMED).join(words.comma); } // by which a scenario and its tables name them
    return [keyed(told, "rules"), ...(rooms ? [note(say("rules_rooms", { n: rooms }))] : []),
      ...(outlets ? [note(say("rules_moved", { n: outlets }))] : [])];
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
    const row = append(make("li"), mark, make("bdi", "", ` ${goalName(session, goal, scope)}`), make("span", "pl-fine", figures));
    row.title = goal.id; // by which a scenario and its tables name it
    if (one.met) { return row; }
    const reached = (figures) => figures.goals[g][scope], ask = act(words.seek, key, () => {
      told.replaceChildren(note(words.computing));
      seek(session, told, { standard: goal.standard, goal: { goal: g, scope }, isMet: (figures) => reached(figures).met }, (found) => {
        const now = reached(found.figures), most = reached(found.most), isBeyond = !now.met && !most.met;
        const lead = isBeyond ? [beyond(most.reached, most.whole, lacking(goal, most))] : [];
        told.replaceChildren(...lead, ...sought(session, found, now.met ? null : lacking(goal, now), key));
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

  /* The dearest step that the budget pays, -1 for none. */
  function affordableOf(steps, budget) {
    return budget === null ? -1 : steps.reduce((best, { cost }, i) => (cost <= budget && (best < 0 || cost >= steps[best].cost) ? i : best), -1);
  }

  function useStep(session, { next, cost }, key) {
    const isNow = edits.same(next, session.edit);
    const use = act(isNow ? words.in_use : words.use, key, () => session.apply(next, say("did_budget", { cost: yuan(cost) })));
    use.disabled = isNow;
    return use;
  }

  /* What the budget pays of the steps, before all of them: which it is, and what it gives. */
  function within(session, steps, budget) {
    const at = affordableOf(steps, budget), { standard } = session.meta.frontier, { name } = session.meta.standards[standard];
    if (budget === null) { return []; }
    if (at < 0) { return [note(say("step_none", { cost: yuan(Math.min(...steps.map((one) => one.cost))) }), "pl-less")]; }
    const { next, cost } = steps[at], part = share(session.coveredOf(next)[standard], session.figures.standards[standard].people);
    return [append(note(say("step_within", { cost: yuan(cost), n: next.plan.length, name, share: part })), useStep(session, steps[at], "step within"))];
  }

  function frontier(session, steps, budget) {
    const found = session.meta.frontier;
    if (!found) { return [note(say("no_frontier", { file: session.meta.scenario.file || words.any_scenario }))]; }
    const standard = session.meta.standards[found.standard], cells = steps.map(() => make("td", "", "…")), affordable = affordableOf(steps, budget);
    const rows = steps.map(({ next, cost }, i) => {
      const use = useStep(session, { next, cost }, `step ${i}`);
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
    pick(session, budget, (chosen) => {
      const broken = session.city.broken(chosen).length, told = say("did_pick", { n: chosen.plan.length, cost: yuan(budget) });
      session.apply(chosen, broken ? told + say("did_pick_broken", { n: broken }) : told);
    });
  }

  function budgets(session) {
    const draw = (body) => {
      if (session.typed.budget === null) { session.typed.budget = startText(session); }
      const budget = typedYuan(session.typed.budget), field = keyed(make("input"), "budget");
      Object.assign(field, { type: "text", inputMode: "decimal", value: session.typed.budget, autocomplete: "off" });
      field.addEventListener("change", () => { session.typed.budget = field.value.trim(); });
      afterTyping(field, () => draw(body));
      const label = append(make("label", "pl-field"), make("span", "", say("budget", { years: session.meta.horizon_years })), field);
      const told = make("div"), { name } = session.meta.standards[session.standard], steps = session.meta.frontier ? frontierSteps(session) : [];
      const picking = () => [act(words.pick, "pick", () => pickTyped(session)), note(say("pick_note", { name }))];
      const first = budget === null || !session.start.plan.length ? [] : picking();
      append(told, overText(session, budget), ...(steps.length ? within(session, steps, budget) : []));
      field.addEventListener("input", () => { // what was told is of the text before
        session.typed.budget = field.value.trim();
        told.replaceChildren(overText(session, typedYuan(session.typed.budget)));
      });
      refill(body, label, told, ...first, ...frontier(session, steps, budget), ...rules(session));
    };
    return folder(() => words.budget_heading, draw, false);
  }

  /* ---- communities ---- */
  /* Communities whose state is meant: there may be thousands. */
  function unitsOf(states, isMeant) {
    const found = [];
    states.forEach((state, u) => { if (isMeant(state, u)) { found.push(u); } });
    return found;
  }

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
    const changed = (from, to) => unitsOf(from, (state, u) => state !== 2 && to[u] === 2);
    const draw = (body) => {
      const before = [...compared()], after = [...session.figures.units[session.standard]];
      const counted = peopleOf(against === "signed" ? session.start : session.city.today);
      const which = choice(words.against, "against", [["signed", live.tables.signedName(session)], ["today", words.today]], against, (value) => {
        against = value;
        draw(body);
      });
      refill(body, which, ...(live.basis.switched(session).length ? [note(words.units_basis)] : []), ...unitBlock(session, "units_won", changed(before, after), peopleOf(session.edit), "pl-more"),
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
        const units = unitsOf(most.units[standard], (state) => state === 1);
        const rows = meta.standards.map((one, s) => [one.name, digits(left[s]), share(left[s], most.standards[s].people)]);
        const named = units.length ? unitBlock(session, "beyond_units", units, session.city.unitPeople(session.edit, standard), "") : [];
        refill(body, note(words.beyond_note), table(["", words.people, words.part], rows), ...named);
        return false;
      });
    }, false);
  }

  live.asks = { budgets, communities, goals, outOfReach };
})(globalThis);
