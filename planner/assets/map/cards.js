/* Cards of sites and communities on the map of a result. */
(function () {
  "use strict";
  const { data, words, make, append, fill, digits, money, unpack, facts } = window.plannerPage;

  /* Rows of sites of a state by their place: what stands where something is added lies under its symbol. */
  const places = unpack(data.sites.place)[0] || [], standing = new Map();
  data.sites.groups.filter((group) => group.state === "today" || group.state === "closed").forEach((group) => group.rows.forEach((i) => {
    const at = String(places[i]);
    standing.set(at, [...(standing.get(at) || []), [i, group.state]]);
  }));

  function persons(number) {
    return number === null ? null : fill(words.persons, { n: digits(number) });
  }

  function part(card, told) {
    if (told.title) { append(card, make("h4", "", told.title)); }
    if (told.facts.length) { append(card, facts(told.facts)); }
    told.lines.forEach((line) => append(card, make("p", "", line)));
  }

  /* What the record tells of a site; of one that stands or was not chosen, what the table of sites has before it. */
  function siteCard(layer) {
    const i = layer.row, table = data.sites;
    const yuan = (number) => (number === null ? null : money(number, table.estimated[i]));
    const known = [[words.type, table.types[i]], [words.state, words[`state_${layer.state}`]], [words.number, table.number[i] || null], [words.location, table.place_of[i]]];
    const own = [[words.serves, persons(table.people[i])], [words.once, yuan(table.cost_once_yuan[i])], [words.yearly, yuan(table.cost_yearly_yuan[i])]];
    const told = data.cards[i], built = layer.state === "planned" && told.length > 0;
    const first = built && !told[0].title ? told[0].facts : [];
    const card = append(make("div", "pm-popup"), make("h3", "", table.name[i] || words.unnamed), facts(known.concat(built ? first : own)));
    told.slice(first.length ? 1 : 0).forEach((one) => part(card, one));
    if (layer.state === "planned") { (standing.get(String(places[i])) || []).forEach(([row, state]) => below(card, i, row, state)); }
    return card;
  }

  /* The card of an outlet that stands where site i is added. */
  function below(card, i, row, state) {
    const table = data.sites, name = table.name[row] === table.name[i] ? "" : table.name[row];
    append(card, make("h4", "", words.stands_here), facts([[words.site, name], [words.type, table.types[row]], [words.state, words[`state_${state}`]]]));
    data.cards[row].forEach((one) => part(card, one));
  }

  function verdicts(row) {
    const table = data.communities, named = (state) => words[`verdicts.${table[state][row]}`];
    const states = data.states.filter((state) => table[state][row]);
    return states.length > 1 ? fill(words.verdict_change, { today: named("today"), plan: named("plan") }) : states.map(named).join("");
  }

  function way(row) {
    const table = data.communities, values = { site: table.nearest[row], metres: digits(table.metres[row]), minutes: (table.minutes[row] / 10).toFixed(1) };
    if (!table.nearest[row]) { return null; }
    return table.metres[row] < 0 ? table.nearest[row] : fill(table.minutes[row] < 0 ? words.way_metres : words.way, values);
  }

  function communityCard(layer) {
    const row = layer.community, table = data.communities;
    const straight = table.straight[row] < 0 ? null : fill(words.straight, { metres: digits(table.straight[row]) });
    const standard = data.record.standards[table.standard[row]];
    const points = table.units.flatMap((unit, i) => (unit === row ? [i] : []));
    const card = append(make("div", "pm-popup"), make("h3", "", table.name[row] || words.unnamed), facts([
      [words.location, table.place_of[row]], [words.people, persons(table.people[row])], [words.verdict, verdicts(row)],
      [words.standard, standard ? standard.name : null], [words.nearest, way(row)], ["", straight],
      [words.why_left, table.reason[row]], [words.measure, table.measure[row]],
    ]));
    return points.length ? append(card, window.plannerCards.standardsTable(points)) : card;
  }

  /* The verdict on the community of a point; null where no deciding standard speaks of the point. */
  function verdictOf(i) {
    const table = data.communities;
    if (!table) { return null; }
    if (table.units[i] >= 0) { return verdicts(table.units[i]); }
    const decided = data.coverage.some((one) => one.state === "today" && table.decides.includes(one.standard) && one.code[i] !== "-");
    return decided ? words["verdicts.met"] : null;
  }

  window.plannerCards = { siteCard, communityCard, verdictOf };
})();
