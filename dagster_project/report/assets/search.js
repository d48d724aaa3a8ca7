/* Search over figures, territories and indicators. No server: the index is a script, loaded when the field is used,
   because a page opened from disk may load a script but not fetch a file. */
(function () {
  "use strict";
  var root = document.body.dataset.root;
  var index = null;
  var waiting = [];

  // "Pyrénées-Orientales" and "390 949" are found with or without their accents, hyphens and spaces.
  function fold(text) {
    return text.normalize("NFD").replace(/[\u0300-\u036f]/g, "").toLowerCase()
      .replace(/(\d)[\s\u00a0\u202f](?=\d{3}(?!\d))/g, "$1").replace(/[^a-z0-9,.%]+/g, " ").trim();
  }

  // Words that say nothing of what is looked for, and other words for those of the pages.
  var EMPTY = " a au aux combien d dans de des du en est et l la le les par pour quel quelle sur un une ";
  var SAME = { menage: "foyer", menages: "foyer", subvention: "contractualise", subventions: "contractualise" };

  function asked(query) {
    var words = fold(query).split(" ").filter(Boolean);
    var full = words.filter(function (word) { return EMPTY.indexOf(" " + word + " ") < 0; });
    return (full.length ? full : words).map(function (word) { return SAME[word] || word; });
  }

  function withIndex(then) {
    if (index) { then(); return; }
    waiting.push(then);
    if (waiting.length > 1) { return; }
    var script = document.createElement("script");
    script.src = root + "assets/index.js";
    script.onload = function () {
      index = window.BILAN_INDEX.map(function (entry) {
        var title = asked(entry[0]).join(" ");
        return { entry: entry, title: title, text: " " + fold(entry[0] + " " + entry[1] + " " + entry[3]) };
      });
      waiting.forEach(function (next) { next(); });
    };
    document.head.appendChild(script);
  }

  function find(query) {
    var words = asked(query);
    if (!words.length) { return []; }
    var whole = words.join(" ");
    return index
      .filter(function (item) { return words.every(function (word) { return item.text.indexOf(" " + word) >= 0; }); })
      .map(function (item) {
        var score = item.title === whole ? 3 : item.title.indexOf(whole) === 0 ? 2 : item.title.indexOf(whole) > 0 ? 1 : 0;
        return { entry: item.entry, score: score };
      })
      .sort(function (a, b) { return b.score - a.score || a.entry[0].length - b.entry[0].length; });
  }

  function show(results, list, limit) {
    list.textContent = "";
    results.slice(0, limit).forEach(function (result) {
      var item = document.createElement("li");
      var anchor = document.createElement("a");
      var detail = document.createElement("span");
      anchor.href = root + result.entry[2];
      anchor.textContent = result.entry[0];
      detail.textContent = result.entry[1];
      anchor.appendChild(detail);
      item.appendChild(anchor);
      list.appendChild(item);
    });
  }

  function counted(count, limit) {
    if (!count) { return "Aucun résultat"; }
    var words = count === 1 ? "1 résultat" : count + " résultats";
    return count > limit ? words + ", les " + limit + " premiers" : words;
  }

  function attach(input, panel, limit, always) {
    var status = panel.querySelector(".found-count");
    var list = panel.querySelector(".found-list");
    function update() {
      var query = input.value;
      if (query.trim().length < 2) { panel.hidden = !always; list.textContent = ""; status.textContent = ""; return; }
      withIndex(function () {
        if (query !== input.value) { return; }
        var results = find(query);
        show(results, list, limit);
        status.textContent = counted(results.length, limit);
        panel.hidden = false;
      });
    }
    input.addEventListener("input", update);
    input.addEventListener("focus", function () { withIndex(function () {}); });
    return update;
  }

  var form = document.querySelector("header .search");
  var field = form.querySelector("input");
  var panel = form.querySelector(".found");
  attach(field, panel, 12, false);
  form.addEventListener("keydown", function (event) {
    if (event.key === "Escape") { panel.hidden = true; field.focus(); }
  });
  document.addEventListener("focusin", function (event) { if (!form.contains(event.target)) { panel.hidden = true; } });
  document.addEventListener("click", function (event) { if (!form.contains(event.target)) { panel.hidden = true; } });

  var page = document.querySelector(".big-search");
  if (page) {
    var big = page.querySelector("input");
    var update = attach(big, document.querySelector(".results"), 200, true);
    big.value = new URLSearchParams(location.search).get("q") || "";
    update();
  }
})();
