/* The panel's figures, the signed ones beside the room's: standards, costs, districts, and why a district is low. */
(function (root) {
  "use strict";
  const live = root.plannerLive = root.plannerLive || {};
  const {
    act, append, bars, choice, digits, folder, keyed, make, note, percent, refill, say, share, signed, signedYuan, stepwise, table, tenths,
    tone, words, yuan,
  } = live.kit;

  const { ruleShare } = live.names;

  /* What stands beside the room's figures: the signed plan, or today where none was asked for. */
  function signedName(session) {
    return session.meta.signed.plan ? words.signed_plan : words.signed_today;
  }

  /* A count before and now, one number where it is the same. Field checks that an edit overtakes change who is counted. */
  function fromTo(before, after) {
    return before === after ? digits(after) : `${digits(before)} → ${digits(after)}`;
  }

  /* Two shares as bars, each of its own whole. */
  function shareBars(before, beforeWhole, after, afterWhole) {
    return bars(tenths(before, beforeWhole), tenths(after, afterWhole), 1000);
  }

  /* ---- standards ---- */
  function wayName(session, standard) {
    return words[`way_${session.city.wayOf(standard, session.edit.metric).mode}`];
  }

  function line(name, covered, people, more) {
    return append(make("span", "pl-line"), make("span", "pl-who", name), make("b", "", share(covered, people)),
      make("span", "", say("of_people", { covered: digits(covered), people: digits(people) })), ...(more || []));
  }

  function communitiesLine(before, after) {
    const [from, to] = [before, after].map((one) => one.communities_covered), more = to - from;
    const text = say("communities_line", { before: digits(from), after: digits(to), all: fromTo(before.communities, after.communities) });
    return append(make("span", "pl-line pl-fine"), make("span", "", text), make("b", tone(more), more ? signed(more) : ""));
  }

  /* What stands below the signed figure: the room's, or while something is dragged what it would be there. */
  function shownOf(session, i) {
    const after = session.figures.standards[i], { previewed } = session;
    if (!previewed || !previewed.covered) { return [words.room, after]; }
    const part = (name, known) => (previewed[name] ? previewed[name][i] : after[known]);
    return [words.moving, {
      ...after, people: part("people", "people"), covered: part("covered", "covered"),
      communities: part("units", "communities"), communities_covered: part("communities", "communities_covered"),
    }];
  }

  function standardRow(session, i) {
    const standard = session.meta.standards[i], radio = keyed(make("input"), `standard ${i}`);
    const row = make("label", "pl-standard"), told = make("span", "pl-told");
    const name = append(make("strong", "", standard.name)), way = make("span", "pl-fine");
    Object.assign(radio, { type: "radio", name: "pl-standard", checked: session.standard === i });
    name.id = `pl-standard-${i}`;
    radio.setAttribute("aria-labelledby", name.id);
    radio.addEventListener("change", () => session.show(i));
    append(row, append(make("span", "pl-standard-head"), radio, name, way), told);
    const update = () => {
      const before = session.base.standards[i], [who, after] = shownOf(session, i), more = after.covered - before.covered;
      radio.checked = session.standard === i;
      row.classList.toggle("pl-current", radio.checked);
      way.textContent = wayName(session, standard);
      told.replaceChildren(shareBars(before.covered, before.people, after.covered, after.people),
        line(signedName(session), before.covered, before.people),
        line(who, after.covered, after.people, [make("b", tone(more), more ? say("more_people", { n: signed(more) }) : words.no_change)]),
        ...(after.communities ? [communitiesLine(before, after)] : []));
    };
    return { row, update };
  }

  function standards(session) {
    const rows = session.meta.standards.map((_, i) => standardRow(session, i));
    const box = append(make("fieldset", "pl-part pl-standards"), make("legend", "", words.standards), ...rows.map((one) => one.row));
    return { box, update: () => rows.forEach((one) => one.update()), follows: ["edit", "standard", "preview"] };
  }

  /* ---- costs ---- */
  function fundingRows(before, after) {
    const totals = [new Map(before.funding), new Map(after.funding)];
    const names = [...new Set([...totals[0].keys(), ...totals[1].keys()])];
    return names.map((name) => [name || words.no_funding, ...totals.map((of) => of.get(name) || 0)]);
  }

  function costRow([name, before, after]) {
    return [name, yuan(before), yuan(after), [after === before ? "" : signedYuan(after - before), "pl-change"]];
  }

  function costs(session) {
    const { horizon_years: years } = session.meta;
    return folder(() => say("cost_heading", { cost: yuan(session.figures.cost.total) }), (body) => {
      const before = session.base.cost, after = session.figures.cost;
      const rows = [["cost_once", "once"], ["cost_yearly", "yearly"], ["cost_total", "total"], ["cost_estimated", "estimated"]]
        .map(([key, part]) => [say(key, { years }), before[part], after[part]]);
      const head = ["", signedName(session), words.room, words.difference];
      const saved = session.edit.closed.length ? [note(words.closing_cost)] : [];
      refill(body, table(head, rows.map(costRow), "pl-money"), ...saved, make("h3", "", say("by_funding", { years })),
        table(head, fundingRows(before, after).map(costRow), "pl-money"));
    }, true);
  }

  /* ---- districts ---- */
  const SORTS = {
    name: (one) => one.place, before: (one) => tenths(one.before, one.counted), after: (one) => tenths(one.after, one.people),
    more: (one) => one.after - one.before,
  };

  /* Districts under a standard: covered `before` of `counted` in the signed figures, `after` of `people` in the room's. */
  function districtRows(session, s) {
    const signedRows = session.base.standards[s].districts;
    return session.figures.standards[s].districts.map(([people, after], i) => {
      const [counted, before] = signedRows[i];
      return { place: i, name: session.meta.districts[i], counted, before, people, after };
    }).filter((one) => one.people > 0 || one.counted > 0);
  }

  function sortHead(name, by, sort, turn) {
    const head = append(make("th"), act(name, `sort ${by}`, () => turn(by), "pl-sort"));
    head.setAttribute("aria-sort", sort.by === by ? (sort.down ? "descending" : "ascending") : "none");
    return head;
  }

  function districts(session) {
    let sort = { by: "name", down: false };
    const draw = (body) => {
      const turn = (by) => {
        sort = { by, down: sort.by === by ? !sort.down : by !== "name" };
        draw(body);
      };
      const value = SORTS[sort.by], order = (a, b) => (sort.down ? -1 : 1) * (value(a) - value(b)) || a.place - b.place;
      const rows = districtRows(session, session.standard).sort(order);
      const heads = [["district", "name"], ["", "before"], ["room", "after"], ["difference_people", "more"]]
        .map(([key, by]) => sortHead(key ? words[key] : signedName(session), by, sort, turn));
      refill(body, table(heads, rows.map((one) => [
        append(make("th"), make("bdi", "", one.name), make("span", "pl-fine", say("persons", { n: fromTo(one.counted, one.people) })),
          shareBars(one.before, one.counted, one.after, one.people)),
        share(one.before, one.counted), share(one.after, one.people), [signed(one.after - one.before), tone(one.after - one.before)],
      ])));
    };
    return folder(() => words.districts, draw, true);
  }

  /* ---- why a district is low ---- */
  function communityShares(session, figures, s) {
    const found = session.meta.districts.map(() => [0, 0]);
    figures.units[s].forEach((state, i) => {
      const { district } = session.meta.units[i];
      if (state === 0 || district < 0) { return; }
      found[district][0] += 1;
      found[district][1] += state === 2 ? 1 : 0;
    });
    return found;
  }

  /* The signed plan counted in other ways: [name, edit]; the community rule decides over communities alone. */
  function ways(session, of) {
    const { start, meta } = session, set = live.edits.set;
    const speeds = meta.speeds.filter((speed) => speed !== start.speed).map((speed) => [say("kph", { speed }), set(start, { speed })]);
    const own = meta.standards[session.standard].own, other = own === "road" ? "straight" : "road";
    const metrics = meta.standards[session.standard].ways[other] ? [[words[`metric_${other}`], set(start, { metric: other })]] : [];
    const rules = meta.rules.filter((rule) => rule !== start.rule).map((rule) => [say("rule_of", { share: ruleShare(rule) }), set(start, { rule })]);
    return [...speeds, ...metrics, ...(of === "people" ? [] : rules)];
  }

  const SMALL = 50; // tenths of a percent: less than five points is little

  /* What holds a district down: what other ways of counting would add, beside what building everything would add. */
  function verdict(now, counted, built) {
    const byWay = Math.max(0, ...counted.map((value) => value - now)), byBuilding = Math.max(0, built - now);
    if (byWay < SMALL && byBuilding < SMALL) { return "why_neither"; }
    if (byBuilding >= 2 * byWay) { return "why_built"; }
    return byWay >= 2 * byBuilding ? "why_counted" : "why_both";
  }

  function whyTable(session, of) {
    const s = session.standard, shares = (edit) => {
      const figures = session.figuresOf(edit);
      return of === "people" ? figures.standards[s].districts : communityShares(session, figures, s);
    };
    const others = ways(session, of), signedShares = shares(session.start), todays = shares(session.city.today);
    const counted = others.map(([, edit]) => shares(edit)), built = shares(session.everything(session.start));
    const rows = signedShares.map(([whole, part], i) => {
      const of1000 = (one) => tenths(one[i][1], one[i][0]), now = tenths(part, whole);
      return whole ? [append(make("th"), make("bdi", "", session.meta.districts[i])), words[verdict(now, counted.map(of1000), of1000(built))],
        [percent(now), "pl-deciding"], percent(of1000(built)), percent(of1000(todays)), ...counted.map((one) => percent(of1000(one)))] : null;
    }).filter(Boolean);
    const heads = [words.district, words.why, say("deciding", { name: signedName(session) }), words.all_built, words.today,
      ...others.map(([name]) => name)];
    const box = append(make("div", "pl-wide"), table(heads, rows, "pl-why"));
    box.tabIndex = 0;
    box.setAttribute("role", "region");
    box.setAttribute("aria-label", words.why_heading);
    return box;
  }

  function why(session) {
    let of = "people", shown = null;
    const draw = (body) => {
      const asked = `${of} ${session.standard}`;
      if (asked === shown) { return; } // it speaks of the signed plan: an edit changes nothing
      shown = asked;
      const pick = choice(words.why_of, "why of", [["people", words.of_people_name], ["communities", words.of_communities_name]], of, (value) => {
        of = value;
        draw(body);
      });
      refill(body, pick, note(words.computing));
      const waiting = [session.start, session.city.today, ...ways(session, of).map(([, edit]) => edit), session.everything(session.start)];
      stepwise(() => asked === shown, () => {
        if (waiting.length) {
          session.figuresOf(waiting.shift());
          return true;
        }
        const box = whyTable(session, of), hint = note(words.why_wide);
        refill(body, pick, hint, box, note(words.why_note));
        hint.hidden = box.scrollWidth <= box.clientWidth;
        return false;
      });
    };
    return folder(() => words.why_heading, draw, false);
  }

  live.tables = { costs, districtRows, districts, fromTo, signedName, standards, why };
})(globalThis);
