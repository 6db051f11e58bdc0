/* What things are called, alike in the lists, on the map and in the file that is handed back. Names are data: text only. */
(function (root) {
  "use strict";
  const live = root.plannerLive = root.plannerLive || {};
  const { say, words } = live.kit;
  const { edits } = live;

  /* A type, with its size where it has sizes. */
  function typeName(session, type, size) {
    const found = session.meta.types.find((one) => one.type === type), name = found ? found.name : type;
    return size ? say("sized", { name, size }) : name;
  }

  /* A site by its name, or by its id where it has none. */
  function siteName(session, id) {
    const site = session.siteOf(id);
    return (site && site.name) || id;
  }

  /* What an entry of the plan is called: one that was moved by the place that it was planned at, one of the room that was
     given no name by its type. */
  function entryName(session, entry) {
    if (edits.isOption(entry)) { return siteName(session, entry.site); }
    if (entry.name) { return entry.name; }
    return entry.from ? say("moved_name", { name: siteName(session, entry.from) }) : typeName(session, entry.type, entry.size);
  }

  /* Where people go: a site of today, or an entry of the plan by its index (`id` is then ""). */
  function outletName(session, id, plan) {
    if (id) { return siteName(session, id); }
    return plan >= 0 ? entryName(session, session.edit.plan[plan]) : words.nowhere;
  }

  /* The same, with what is planned there marked as such, by its number on the map: nobody can go there yet. */
  function goesTo(session, id, plan) {
    const name = outletName(session, id, plan), site = session.siteOf(id), { edit } = session;
    const entry = plan >= 0 ? edit.plan[plan] : edit.plan.find((one) => edits.isOption(one) && one.site === id);
    if (!entry || (site && site.types)) { return name; }
    const number = session.signedNumber(entry);
    return name + say("in_brackets", { parts: number ? say("planned_number", { n: number }) : words.planned_new });
  }

  /* As things stand in which an outlet closes. */
  function closingBasis({ edit }) {
    return edit.plan.length ? words.closing_planned : words.closing_present;
  }

  /* A decimal text of a share as percent, without the noise of floating point. */
  function ruleShare(rule) {
    return `${Number((Number(rule) * 100).toFixed(6))}%`;
  }

  /* What a goal asks for: a share under a standard, and where, in words; its id stands beside, as in the map's own list. */
  function goalName(session, goal, scope) {
    const group = session.meta.groups.find((one) => one.id === goal.group), backup = goal.backup ? words.goal_backup : "";
    const values = { standard: session.meta.standards[goal.standard].name, share: ruleShare(goal.share), group: group ? group.name : "" };
    const key = group && goal.of === "communities" ? "goal_communities_group" : (group ? "goal_group" : `goal_${goal.of}`);
    const asked = say(key, values) + backup, place = scope === undefined ? "" : goal.scopes[scope];
    return place ? say("goal_at", { place, asked }) : asked;
  }

  live.names = { closingBasis, entryName, goalName, goesTo, outletName, ruleShare, siteName, typeName };
})(globalThis);
