/* By what the room counts, where that is not what the run counted by: in the foot of the page, on screen and paper, and on the
   ribbon over the map. */
(function (root) {
  "use strict";
  const live = root.plannerLive = root.plannerLive || {};
  const { make, say, words } = live.kit;
  const RUNS = 2; // lines of the foot that tell by what the run counted: they stand first

  /* What was switched, in words; empty as long as the room counts as the run did. */
  function switched({ edit, start }) {
    return [
      ...(edit.speed === start.speed ? [] : [say("kph", { speed: edit.speed })]),
      ...(edit.metric === start.metric ? [] : [words[`metric_${edit.metric}`]]),
      ...(edit.rule === start.rule ? [] : [say("rule_of", { share: live.names.ruleShare(edit.rule) })]),
    ];
  }

  /* All that decides in the room, switched or not. */
  function sentence({ edit }) {
    const metric = edit.metric === "own" ? words.basis_own : words[`metric_${edit.metric}`];
    return say("basis_room", { speed: edit.speed, metric, rule: live.names.ruleShare(edit.rule) });
  }

  /* The foot says whose its lines are while the room's own stands above them. */
  function foot(session) {
    const notes = document.querySelector(".pm-footer .pm-notes"), runs = [...notes.querySelectorAll("p")].slice(0, RUNS);
    const told = runs.map((line) => line.textContent), own = make("p", "pl-basis");
    return (isOther) => {
      own.remove();
      own.textContent = isOther ? sentence(session) : "";
      runs.forEach((line, i) => { line.textContent = isOther ? say("basis_run", { told: told[i], signed: live.tables.signedName(session) }) : told[i]; });
      if (isOther) { notes.insertBefore(own, runs[0]); }
      notes.scrollTop = 0;
    };
  }

  function ribbon() {
    const mark = make("span", "pm-live-basis"), after = document.querySelector(".pm-live-ribbon .pm-live-standard");
    if (after) { after.parentNode.insertBefore(mark, after.nextSibling); }
    return (parts) => {
      mark.hidden = !parts.length;
      mark.title = mark.textContent = parts.length ? say("basis_mark", { parts: parts.join(words.comma) }) : "";
    };
  }

  /* A part of the panel without a box: it speaks elsewhere on the page. */
  function follow(session) {
    const tellFoot = foot(session), tellRibbon = ribbon();
    session.on((_, what) => {
      if (what !== "edit" && what !== "live") { return; }
      const parts = session.isOn ? switched(session) : [];
      tellFoot(parts.length > 0);
      tellRibbon(parts);
    });
  }

  live.basis = { follow, switched };
})(globalThis);
