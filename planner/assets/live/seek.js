/* How many more places a share or a goal takes, and what they cost: whether it can be reached at all, by which step of the
   budget, and one place after the other. */
(function (root) {
  "use strict";
  const live = root.plannerLive = root.plannerLive || {};
  const {
    act, append, digits, keyed, make, note, percent, say, share, stepwise, typedTenths, words, yuan,
  } = live.kit;
  const { edits } = live;
  const MOST_PLACES = 300;
  const turns = new WeakMap(); // by the box that an answer stands in: the search that was asked for last

  /* Ends the search for a box, and clears what it was told. */
  function forget(box) {
    turns.delete(box);
    box.replaceChildren();
  }

  /* Add the next best place again and again until `isMet(figures)`: how many that takes and what it costs, not the least; and
     `most`, the figures with every candidate built. `goal` {goal, scope}: best for whom that waits for, wherever a place stands. */
  function seek(session, box, { standard, goal = null, isMet }, tell) {
    const { edit } = session, turn = {};
    let tried = edit, count = 0;
    turns.set(box, turn);
    stepwise(() => session.edit === edit && turns.get(box) === turn && box.isConnected, () => {
      const figures = session.figuresOf(tried), isOver = isMet(figures) || count >= MOST_PLACES;
      const withOption = ({ option }) => edits.add(tried, { ...session.optionAt(option), year: session.lastYear });
      const oversteps = session.city.overstepper(tried), lawful = (one) => !oversteps(withOption(one));
      const next = isOver ? undefined : session.city.best(tried, standard, null, { goal }).find(lawful), more = next ? withOption(next) : tried;
      if (more === tried) {
        tell({ figures, tried, count, most: session.figuresOf(session.everything(edit)) });
        return false;
      }
      tried = more;
      count += 1;
      return true;
    });
  }

  /* What a plan costs in all, and how much that is beside the plan as it stands in the room. */
  function costText(session, total) {
    const more = total - session.figures.cost.total, key = more > 0 ? "cost_more" : more < 0 ? "cost_less" : "cost_same";
    return say("cost_beside", { cost: yuan(total), more: say(key, { n: yuan(Math.abs(more)) }), years: session.meta.horizon_years });
  }

  /* What was found: `lack` says what is still missing, null where nothing is. */
  function sought(session, { figures, tried, count }, lack, key) {
    if (!count) { return lack === null ? [] : [note(words.sought_none)]; }
    const values = { n: count, cost: costText(session, figures.cost.total) };
    const use = act(words.use, `use ${key}`, () => session.apply(tried, say("did_seek", { n: count })));
    return [append(note(lack === null ? say("sought", values) : say("sought_not", { ...values, lack })), use)];
  }

  /* That no plan can reach it: what there is with every candidate built, and what is missing even then. */
  function beyond(most, whole, lack) {
    return note(say("beyond_most", { share: share(most, whole), lack }), "pl-less");
  }

  /* ---- a share that the room asks for ---- */
  /* The edits that the steps of the frontier make, and what each costs in the room. */
  function frontierSteps(session) {
    return session.meta.frontier.points.map(({ open }) => {
      const next = edits.budget(session.edit, open.map(({ option, year }) => ({ ...session.optionAt(option), year })));
      return { next, cost: session.city.cost(next).total };
    });
  }

  /* The cheapest step of the frontier that reaches so many people, in words. */
  function frontierStep(session, needed) {
    const found = session.meta.frontier, { standard } = session, steps = found && found.standard === standard ? frontierSteps(session) : [];
    const step = [...steps].sort((a, b) => a.cost - b.cost).find(({ next }) => session.coveredOf(next)[standard] >= needed);
    if (!step) { return []; }
    const use = act(words.use, "use target step", () => session.apply(step.next, say("did_budget", { cost: yuan(step.cost) })));
    return [append(note(say("target_step", { cost: costText(session, step.cost), n: step.next.plan.length }), "pl-more"), use)];
  }

  /* First whether it can be reached, then the step that does, then what adding to the present plan comes to. */
  function targetAnswer(session, found, needed, asked) {
    const lack = (covered) => say("lack_people", { n: digits(needed - covered) }), [now, then, most] = [session.figures, found.figures, found.most]
      .map((figures) => figures.standards[session.standard]);
    const step = frontierStep(session, needed), isBeyond = !step.length && Math.max(then.covered, most.covered) < needed;
    const short = say("target_short", { share: asked, lack: lack(now.covered) });
    const lead = isBeyond ? beyond(most.covered, most.people, lack(most.covered)) : note(short, "pl-less");
    return [lead, ...step, ...sought(session, found, then.covered < needed ? lack(then.covered) : null, "target")];
  }

  function askTarget(session, told) {
    const tenths = typedTenths(session.typed.share), s = session.standard, { people, covered } = session.figures.standards[s];
    forget(told);
    if (tenths === null) { return told.replaceChildren(note(words.target_wrong, "pl-less")); }
    const needed = live.need((tenths / 1000).toFixed(3), people);
    if (covered >= needed) { return told.replaceChildren(note(words.target_met, "pl-more")); }
    told.replaceChildren(note(words.computing));
    return seek(session, told, { standard: s, isMet: (figures) => figures.standards[s].covered >= needed }, (found) => {
      told.replaceChildren(...targetAnswer(session, found, needed, percent(tenths)));
      if (told.parentNode.contains(document.activeElement)) { told.scrollIntoView({ block: "nearest" }); }
    });
  }

  function target(session) {
    const field = keyed(make("input"), "target"), told = make("div"), label = make("label", "pl-field");
    const ask = () => {
      session.typed.share = field.value;
      askTarget(session, told);
    };
    Object.assign(field, { type: "text", inputMode: "decimal", value: session.typed.share, autocomplete: "off" });
    field.addEventListener("change", () => { session.typed.share = field.value; });
    field.addEventListener("input", () => forget(told)); // it was of the text before
    field.addEventListener("keydown", (event) => { if (event.key === "Enter" && !event.isComposing) { ask(); } });
    told.setAttribute("aria-live", "polite");
    append(label, make("span", "", say("target", { name: session.meta.standards[session.standard].name })), field);
    return append(make("div", "pl-add"), label, act(words.seek, "seek target", ask), told);
  }

  live.seek = { beyond, frontierSteps, seek, sought, target };
})(globalThis);
