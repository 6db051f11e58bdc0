/* The room's edit beside the signed plan: every figure side by side, and what was done to get there. */
(function (root) {
  "use strict";
  const live = root.plannerLive = root.plannerLive || {};
  const { act, append, digits, make, note, say, share, signed, table, tone, words, yuan, signedYuan } = live.kit;
  const { edits } = live;

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
    return [name, text(before), text(after), [after === before ? "" : change(after - before), `pl-change ${tone(after - before)}`]];
  }

  function standardRows(session) {
    return session.meta.standards.flatMap((standard, s) => {
      const before = session.base.standards[s], after = session.figures.standards[s];
      const rate = [say("share_of", { name: standard.name }), share(before.covered, before.people), share(after.covered, after.people), ""];
      const people = row(words.covered_people, before.covered, after.covered, digits, signed);
      const units = row(say("covered_units", { all: digits(after.communities) }), before.communities_covered, after.communities_covered, digits, signed);
      return [rate, people, ...(after.communities ? [units] : [])];
    });
  }

  function districtRows(session) {
    return session.meta.standards.flatMap((standard, s) => session.figures.standards[s].districts.map(([people, after], d) => {
      const before = session.base.standards[s].districts[d][1], change = after - before;
      return people ? [`${session.meta.districts[d]} · ${standard.name}`, share(before, people), share(after, people), [change ? signed(change) : "", `pl-change ${tone(change)}`]] : null;
    })).filter(Boolean);
  }

  function goalRows(session) {
    const told = (one) => `${one.met ? `✓ ${words.met}` : `✗ ${words.unmet}`} ${digits(one.reached)} / ${digits(one.needed)}`;
    return session.meta.goals.flatMap((goal, g) => (session.figures.goals[g] || []).map((after, scope) => {
      const before = session.base.goals[g][scope], change = after.reached - before.reached;
      return [[goal.name || goal.id, goal.scopes[scope]].filter(Boolean).join(" "), told(before), told(after), [change ? signed(change) : "", `pl-change ${tone(change)}`]];
    }));
  }

  function costRows(session) {
    const years = session.meta.horizon_years;
    return [["cost_once", "once"], ["cost_yearly", "yearly"], ["cost_total", "total"]]
      .map(([key, part]) => row(say(key, { years }), session.base.cost[part], session.figures.cost[part], (value) => yuan(value), signedYuan));
  }

  /* What was done, as sentences: switches, outlets closed or moved, places left out, moved or added. */
  function changes(session) {
    const { edit, start } = session, { siteName, entryName, typeName } = live.lists, lines = [];
    if (edit.speed !== start.speed) { lines.push(say("changed_speed", { from: start.speed, to: edit.speed })); }
    if (edit.rule !== start.rule) { lines.push(say("changed_rule", { from: live.tables.ruleShare(start.rule), to: live.tables.ruleShare(edit.rule) })); }
    if (edit.metric !== start.metric) { lines.push(say("changed_metric", { to: words[`metric_${edit.metric}`] })); }
    edit.closed.forEach((id) => lines.push(say("changed_closed", { name: siteName(session, id) })));
    Object.keys(edit.moved).forEach((id) => lines.push(say("changed_moved", { name: siteName(session, id) })));
    start.plan.filter((option) => edits.indexOf(edit.plan, option) < 0).forEach((option) => lines.push(say("changed_dropped", { name: siteName(session, option.site), type: typeName(session, option.type) })));
    edit.plan.forEach((entry) => {
      const isSigned = session.signedNumber(entry), values = { name: entryName(session, entry), type: typeName(session, entry.type) };
      if (!isSigned) { lines.push(say("changed_added", values)); } else if (!edits.isOption(entry)) { lines.push(say("changed_moved", { name: siteName(session, entry.from) })); }
    });
    return lines;
  }

  function show(session) {
    const box = dialog(words.compare), head = ["", live.tables.signedName(session), words.room, words.difference], lines = changes(session);
    const part = (name, rows) => (rows.length ? [make("h3", "", name), table(head, rows, "pl-compare")] : []);
    append(box.body, make("h3", "", words.changes), ...(lines.length ? [append(make("ul", "pl-changes"), ...lines.map((line) => make("li", "", line)))] : [note(words.no_changes)]),
      ...part(words.standards_name, standardRows(session)), ...part(words.goals, goalRows(session)), ...part(words.cost, costRows(session)), ...part(words.districts_people, districtRows(session)));
    box.open();
  }

  live.compare = { changes, dialog, show };
})(globalThis);
