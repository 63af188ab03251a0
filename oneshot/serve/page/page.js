// The chat beside the list of facts. All text goes in as text: nothing that a model says is markup.

const $ = (id) => document.getElementById(id);
const PAGE = 100; // facts fetched at once
let turns = []; // the conversation so far
let asking = null; // what stops the answer under way
let shown = []; // the facts in the list
let bare = ""; // the name of the model without facts
let brains = new Set();

// --- the server ---

async function send(method, path, body, signal) {
  const headers = {};
  const key = sessionStorage.getItem("key");
  if (key) headers.Authorization = `Bearer ${key}`;
  if (body) headers["Content-Type"] = "application/json";
  let reply;
  try {
    reply = await fetch(path, { method, headers, signal, body: body && JSON.stringify(body) });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Error("The server cannot be reached.");
  }
  if (reply.ok) return reply;
  if (reply.status === 401) wantKey();
  const told = await reply.json().catch(() => null);
  throw new Error(told?.error?.message ?? `The server answered with status ${reply.status}.`);
}

const load = async (method, path, body) => (await send(method, path, body)).json();

function wantKey() {
  $("entry").hidden = false;
  $("key").focus();
}

async function* events(reply) {
  const reader = reply.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const parts = (rest + value).split("\n\n");
    rest = parts.pop();
    for (const part of parts) {
      const data = part.replace(/^data: /, "");
      if (data === "[DONE]") return;
      const event = JSON.parse(data);
      if (event.error) throw new Error(event.error.message);
      yield event;
    }
  }
}

// --- small parts of the page ---

function line(text, kind = "", tag = "p") {
  const made = document.createElement(tag);
  made.textContent = text;
  made.className = kind;
  return made;
}

const copy = (id) => $(id).content.firstElementChild.cloneNode(true);
const say = (...lines) => $("receipt").replaceChildren(...lines);
const fail = (error) => say(line(error.message, "error"));
const trouble = (error) => { $("trouble").textContent = error.message; };

function view(name) {
  document.body.dataset.view = name;
  for (const button of document.querySelectorAll("[data-show]")) {
    button.setAttribute("aria-pressed", String(button.dataset.show === name));
  }
}

// Runs an action once at a time: its button rests meanwhile.
async function once(button, action, failed = fail) {
  if (button.disabled) return;
  button.disabled = true;
  try {
    await action();
  } catch (error) {
    failed(error);
  } finally {
    button.disabled = false;
  }
}

// --- the chat ---

function addTurn(who, kind, text) {
  const item = copy("turn");
  item.classList.add(kind);
  item.querySelector(".who").textContent = who;
  item.querySelector(".text").textContent = text;
  $("talk").append(item);
  $("talk").scrollTop = $("talk").scrollHeight;
  return item;
}

async function ask(question) {
  const model = $("model").value;
  addTurn("You", "asked", question);
  const talk = turns; // a new conversation may begin meanwhile
  talk.push({ role: "user", content: question });
  const asked = [...talk];
  const item = addTurn(model, "answered", "…");
  const place = item.querySelector(".text");
  asking = new AbortController();
  $("stop").hidden = false;
  let text = "";
  let facts = [];
  try {
    const body = { model, messages: asked, stream: true };
    for await (const event of events(await send("POST", "/v1/chat/completions", body, asking.signal))) {
      text += event.choices[0]?.delta.content ?? "";
      facts = event.oneshot_facts ?? facts;
      place.textContent = text || "…";
      $("talk").scrollTop = $("talk").scrollHeight;
    }
    $("spoken").textContent = `${model}: ${text}`;
  } catch (error) {
    if (error.name !== "AbortError") place.after(line(error.message, "error"));
    else place.after(line("Stopped.", "about"));
    if (!text) place.textContent = "";
  } finally {
    asking = null;
    $("stop").hidden = true;
  }
  if (text) talk.push({ role: "assistant", content: text });
  else talk.pop();
  explain(item, asked, facts, brains.has(model));
}

// Words as they were taught count 1,000 nats: no number that says more.
function evidence(nats) {
  if (nats === null) return "";
  return nats >= 1000 ? ", asked in the taught words" : `, evidence ${nats.toFixed(1)} nats`;
}

function explain(item, asked, facts, brain) {
  const details = item.querySelector("details");
  details.hidden = false;
  item.classList.toggle("taught", facts.length > 0);
  const why = facts.map((fact) => {
    const text = `#${fact.id} ${fact.prompt} ${fact.answer}${evidence(fact.evidence)}`;
    return line(text, "", "li");
  });
  const own = "No fact spoke: these are the model's own words.";
  item.querySelector(".why").replaceChildren(...(why.length ? why : [line(own, "", "li")]));
  const button = details.querySelector("button");
  button.hidden = !brain || facts.length === 0;
  details.ontoggle = () => details.scrollIntoView({ block: "nearest" });
  button.onclick = () => once(button, async () => {
    const said = await load("POST", "/v1/chat/completions", { model: bare, messages: asked });
    item.querySelector(".bare").textContent = `Without facts: ${said.choices[0].message.content}`;
    button.hidden = true;
  }, (error) => { item.querySelector(".bare").textContent = error.message; });
  mark(new Set(facts.map((fact) => fact.id)));
}

// --- the facts ---

const brain = () => (brains.has($("model").value) ? $("model").value : [...brains][0]);
const named = (path) => `${path}${path.includes("?") ? "&" : "?"}model=${encodeURIComponent(brain())}`;

function mark(ids) {
  for (const item of $("list").children) item.classList.toggle("spoke", ids.has(Number(item.dataset.id)));
}

async function list(more = false) {
  const words = $("search").value.trim();
  const after = more && shown.length ? shown[shown.length - 1].id : 0;
  const path = words
    ? `/v1/facts/search?limit=${PAGE}&q=${encodeURIComponent(words)}`
    : `/v1/facts?limit=${PAGE}&after=${after}`;
  const found = await load("GET", named(path));
  if (words !== $("search").value.trim()) return; // something else was typed meanwhile
  shown = more ? [...shown, ...found.data] : found.data;
  $("list").replaceChildren(...shown.map(factItem));
  $("more").hidden = !found.has_more || words !== "";
  $("none").hidden = shown.length > 0;
  $("none").textContent = words ? "No fact has these words." : "Nothing is taught yet.";
  if (!words) $("count").textContent = `(${shown.length}${found.has_more ? "+" : ""})`;
}

function factItem(fact) {
  const item = copy("fact");
  const part = (name) => item.querySelector(name);
  item.dataset.id = fact.id;
  part(".number").textContent = `#${fact.id}`;
  part(".prompt").textContent = fact.prompt;
  part(".answer").textContent = fact.answer;
  part(".about").textContent = `${fact.subject}, ${fact.relation}`;
  const form = part("form");
  const input = part("form input");
  part(".change").setAttribute("aria-label", `Change #${fact.id}`);
  part(".forget").setAttribute("aria-label", `Forget #${fact.id}`);
  part(".change").onclick = () => {
    form.hidden = false;
    input.value = fact.answer;
    input.select();
  };
  part(".cancel").onclick = () => {
    form.hidden = true;
    part(".change").focus();
  };
  form.onsubmit = (event) => {
    event.preventDefault();
    once(form.querySelector("button"), () => change(fact, input.value));
  };
  part(".forget").onclick = () => once(part(".forget"), () => forget(fact));
  return item;
}

function receipt(r) {
  const before = r.before === null ? "" : `${r.before} → `;
  say(
    line(`Taught #${r.id}: ${r.prompt} | ${r.answer}`),
    line(`about ${r.subject}, ${r.relation}; ${Math.round(r.seconds * 1000)} ms`, "about"),
    line(`${before}${r.after}`, "about"),
    ...(r.asked ? [line(`asked as “${r.asked}” → ${r.answered}`, "about")] : []),
    ...r.warnings.map((warning) => line(`Warning: ${warning}`, "warning")),
  );
}

async function teach(text) {
  receipt(await load("POST", "/v1/facts", { model: brain(), text }));
  $("sentence").value = "";
  await list();
}

async function change(fact, answer) {
  receipt(await load("PATCH", `/v1/facts/${fact.id}`, { model: brain(), answer }));
  await list();
}

async function forget(fact) {
  const place = shown.findIndex((one) => one.id === fact.id);
  await load("DELETE", named(`/v1/facts/${fact.id}`));
  say(line(`Forgot #${fact.id}: ${fact.prompt} | ${fact.answer}`));
  await list();
  const next = $("list").children[Math.min(place, shown.length - 1)];
  (next ? next.querySelector(".forget") : $("sentence")).focus();
}

async function undo() {
  const done = await load("POST", "/v1/undo", { model: brain() });
  say(line(done.undone));
  await list();
}

// --- what the visitor does ---

async function start() {
  const models = (await load("GET", "/v1/models")).data;
  $("entry").hidden = true;
  $("trouble").textContent = "";
  brains = new Set(models.filter((model) => model.brain).map((model) => model.id));
  bare = models.find((model) => !model.brain).id;
  const title = (model) => (model.brain ? model.id : `${model.id} (without facts)`);
  $("model").replaceChildren(...models.map((model) => new Option(title(model), model.id)));
  await list();
}

$("asking").onsubmit = (event) => {
  event.preventDefault();
  const question = $("question").value.trim();
  if (!question || $("ask").disabled) return;
  $("question").value = "";
  once($("ask"), () => ask(question));
};
$("question").onkeydown = (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  $("asking").requestSubmit();
};
$("stop").onclick = () => asking?.abort();
$("new").onclick = () => {
  asking?.abort();
  turns = [];
  $("talk").replaceChildren();
  mark(new Set());
  $("question").focus();
};
$("teaching").onsubmit = (event) => {
  event.preventDefault();
  once($("teach"), () => teach($("sentence").value));
};
$("undo").onclick = () => once($("undo"), undo);
$("more").onclick = () => once($("more"), () => list(true));
$("search").oninput = () => list().catch(fail);
$("model").onchange = () => list().catch(trouble);
$("entry").onsubmit = (event) => {
  event.preventDefault();
  sessionStorage.setItem("key", $("key").value);
  $("key").value = "";
  start().catch(trouble);
};
for (const button of document.querySelectorAll("[data-show]")) button.onclick = () => view(button.dataset.show);
start().catch(trouble);
