/* The rules of the scenario under an edit: counts, budgets, spacing, sites of one type and all others are of one form,
   least <= sum <= most, over what is newly open and what stands. Moved places count as what they were; places of the room
   are in no rule, and `planner run` looks at all of them. */
(function (root) {
  "use strict";
  const live = root.plannerLive = root.plannerLive || {};

  const keyOf = (site, type, size) => JSON.stringify([site, type, size || ""]);

  /* By option the rules that it counts in: rule, place of the year from which it does, factor. */
  function termsOf(meta) {
    const found = meta.options.map(() => []);
    meta.siting_rules.forEach((rule, r) => rule.terms.forEach(([option, year, factor]) => found[option].push([r, year, factor])));
    return found;
  }

  live.rulebook = function (load) {
    const { meta } = load, rules = meta.siting_rules, terms = termsOf(meta), numbers = new Map();
    meta.options.forEach(({ site, type, size }, k) => numbers.set(keyOf(meta.sites[site].id, type, size), k));

    function sums(edit) {
      const closed = new Set(edit.closed), found = rules.map((rule) => (
        rule.stands.reduce((sum, [site, factor]) => sum + (closed.has(meta.sites[site].id) ? 0 : factor), 0)));
      edit.plan.forEach((entry) => {
        const site = entry.at === undefined ? entry.site : entry.from, option = numbers.get(keyOf(site, entry.type, entry.size));
        if (option === undefined || closed.has(site)) { return; }
        terms[option].forEach(([r, year, factor]) => { found[r] += entry.year <= meta.years[year] ? factor : 0; });
      });
      return found;
    }

    /* Names of the rules that an edit breaks, each once. */
    function broken(edit) {
      const found = sums(edit), isOut = ({ min, max }, r) => (min !== null && found[r] < min) || (max !== null && found[r] > max);
      return [...new Set(rules.filter(isOut).map((rule) => rule.name))];
    }

    /* Whether an edit goes farther beyond what a rule allows at most than the one before it. */
    function oversteps(before, after) {
      const first = sums(before), then = sums(after);
      return rules.some(({ max }, r) => max !== null && then[r] > max && then[r] > first[r]);
    }

    return { broken, oversteps };
  };
})(globalThis);
