/* The room's edit beside the signed plan: every figure side by side, and what was done to get there. */
(function (root) {
  "use strict";
  const live = root.plannerLive = root.plannerLive || {};
  const { act, append, digits, listed, make, note, say, share, signed, signedTenths, table, tenths, tone, words, yuan, signedYuan } = live.kit;
  const { edits } = live;
  const { entryName, goalName, ruleShare, siteName, typeName } = live.names;

  /* A box over the page that Escape closes and that gives the focus back. */
  function dialog(heading) {
    const before = document.activeElement, box = make("dialog", "pl-dialog"), body = make("div", "pl-dialog-body");
    const close = act(words.close_dialog, "close dialog", () => box.close());
    const title = make("h2", "", heading);
    title.id = "pl-dialog-title";
    box.setAttribute("aria-labelledby", title.id);
    append(box, append(make("div", "pl-dialog-head"), make("span", "pl-badge", words.room), title, close), body);
    box.addEventListener("close", () => {
      box.remove();
      if (before && before.isConnected) { before.focus(); }
    });
    return { body, open: () => append(document.body, box) && box.showModal() };
  }

  function row(name, before, after, text, change) {
    return [name, text(before), text(after), changeCell(after - before, change)];
  }

  /* The cell of what changed, empty where nothing did. */
  function changeCell(change, text = signed) {
    return [change ? text(change) : "", `pl-change ${tone(change)}`];
  }

  function standardRows(session) {
    return session.meta.standards.flatMap((standard, s) => {
      const before = session.base.standards[s], after = session.figures.standards[s];
      const rates = [before, after].map((one) => tenths(one.covered, one.people)), points = (change) => say("points", { n: signedTenths(change) });
      const rate = [say("share_of", { name: standard.name }), share(before.covered, before.people), share(after.covered, after.people),
        changeCell(rates[1] - rates[0], points)];
      const people = row(words.covered_people, before.covered, after.covered, digits, signed);
      const name = say("covered_units", { all: live.tables.fromTo(before.communities, after.communities) });
      const units = row(name, before.communities_covered, after.communities_covered, digits, signed);
      return [rate, people, ...(after.communities ? [units] : [])];
    });
  }

  function districtRows(session) {
    return session.meta.standards.flatMap((standard, s) => live.tables.districtRows(session, s).map(({ name, before, counted, after, people }) => (
      [`${name} · ${standard.name}`, share(before, counted), share(after, people), changeCell(after - before)])));
  }

  function goalRows(session) {
    const told = (one) => `${one.met ? `✓ ${words.met}` : `✗ ${words.unmet}`} ${digits(one.reached)} / ${digits(one.needed)}`;
    return session.meta.goals.flatMap((goal, g) => (session.figures.goals[g] || []).map((after, scope) => {
      const before = session.base.goals[g][scope], name = say("goal_row", { name: goalName(session, goal, scope) });
      return [name, told(before), told(after), changeCell(after.reached - before.reached)];
    }));
  }

  function costRows(session) {
    const years = session.meta.horizon_years;
    return [["cost_once", "once"], ["cost_yearly", "yearly"], ["cost_total", "total"]]
      .map(([key, part]) => row(say(key, { years }), session.base.cost[part], session.figures.cost[part], (value) => yuan(value), signedYuan));
  }

  /* What was done, as sentences: switches, outlets closed or moved, places left out, moved, added or built in another year. */
  function changes(session) {
    const { edit, start } = session, lines = [];
    if (edit.speed !== start.speed) { lines.push(say("changed_speed", { from: start.speed, to: edit.speed })); }
    if (edit.rule !== start.rule) { lines.push(say("changed_rule", { from: ruleShare(start.rule), to: ruleShare(edit.rule) })); }
    if (edit.metric !== start.metric) { lines.push(say("changed_metric", { to: words[`metric_${edit.metric}`] })); }
    edit.closed.forEach((id) => lines.push(say("changed_closed", { name: siteName(session, id) })));
    Object.keys(edit.moved).forEach((id) => lines.push(say("changed_moved", { name: siteName(session, id) })));
    start.plan.filter((option) => edits.indexOf(edit.plan, option) < 0).forEach(({ site, type, size }) => {
      lines.push(say("changed_dropped", { name: siteName(session, site), type: typeName(session, type, size) }));
    });
    edit.plan.forEach((entry) => {
      const isSigned = session.signedNumber(entry), values = { name: entryName(session, entry), type: typeName(session, entry.type, entry.size) };
      const from = isSigned ? start.plan[isSigned - 1].year : entry.year;
      if (!isSigned) { lines.push(say("changed_added", values)); }
      if (isSigned && !edits.isOption(entry)) { lines.push(say("changed_moved", { name: siteName(session, entry.from) })); }
      if (entry.year !== from) { lines.push(say("changed_year", { name: siteName(session, edits.origin(entry).site), from, to: entry.year })); }
    });
    return lines;
  }

  /* Costs and goals in a line each, for a sheet of paper. */
  function sums(session) {
    const met = (figures) => figures.goals.flatMap((scopes) => scopes || []).filter((one) => one.met).length;
    const { base, figures } = session, all = figures.goals.flatMap((scopes) => scopes || []).length, more = figures.cost.total - base.cost.total;
    const cost = { before: yuan(base.cost.total), after: yuan(figures.cost.total), more: more ? signedYuan(more) : words.no_change };
    const signedOf = { signed: live.tables.signedName(session), years: session.meta.horizon_years };
    return [say("sum_cost", { ...cost, ...signedOf }), ...(all ? [say("sum_goals", { before: met(base), after: met(figures), n: all, ...signedOf })] : [])];
  }

  function show(session) {
    const box = dialog(words.compare), head = ["", live.tables.signedName(session), words.room, words.difference], lines = changes(session);
    const part = (name, rows) => (rows.length ? [make("h3", "", name), table(head, rows, "pl-compare")] : []);
    const done = lines.length ? listed("pl-changes", lines.map((line) => make("li", "", line))) : note(words.no_changes);
    append(box.body, make("h3", "", words.changes), done, ...part(words.standards_name, standardRows(session)),
      ...part(words.goals, goalRows(session)), ...part(words.cost, costRows(session)), ...part(words.districts_people, districtRows(session)));
    box.open();
  }

  live.compare = { changes, dialog, show, sums };
})(globalThis);
