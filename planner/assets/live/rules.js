/* The rules of the scenario under an edit: counts, budgets, spacing, sites of one type and all others are of one form,
   least <= sum <= most, over what is newly open and what stands. A moved place comes back as a site of its own, which counts
   for a budget as before (`anywhere`), and for spacing or a district by where it is then: it may count or not. Places of the room
   are in no rule; `planner run` looks at all of them. */
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

    /* Sums of the rules at the least and at the most. */
    function sums(edit) {
      const closed = new Set(edit.closed), least = rules.map((rule) => (
        rule.stands.reduce((sum, [site, factor]) => sum + (closed.has(meta.sites[site].id) ? 0 : factor), 0))), most = [...least];
      edit.plan.forEach((entry) => {
        const isMoved = entry.at !== undefined, site = isMoved ? entry.from : entry.site, option = numbers.get(keyOf(site, entry.type, entry.size));
        if (option === undefined || (closed.has(site) && !isMoved)) { return; }
        terms[option].forEach(([r, year, factor]) => {
          const isSure = !isMoved || rules[r].anywhere;
          if (entry.year > meta.years[year]) { return; }
          if (isSure || factor < 0) { least[r] += factor; }
          if (isSure || factor > 0) { most[r] += factor; }
        });
      });
      return { least, most };
    }

    /* Names of the rules that an edit breaks whether moved places count or not, each once. */
    function broken(edit) {
      const { least, most } = sums(edit), isOut = ({ min, max }, r) => (min !== null && most[r] < min) || (max !== null && least[r] > max);
      return [...new Set(rules.filter(isOut).map((rule) => rule.name))];
    }

    /* Of an edit: whether another one goes farther beyond what a rule allows at most, moved places counted as what they were. */
    function overstepper(before) {
      const first = sums(before).most;
      return (after) => {
        const then = sums(after).most;
        return rules.some(({ max }, r) => max !== null && then[r] > max && then[r] > first[r]);
      };
    }

    return { broken, overstepper };
  };
})(globalThis);
