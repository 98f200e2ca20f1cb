/** Drives a front with hostile bytes, as a session would, and holds it to what every front promises. */
import type { Front, FrontOptions, Speech, Step } from "../../src/proxy/front/front.ts";
import type { Refusal } from "../../src/proxy/refusal.ts";
import { inPieces, must } from "./fuzz.ts";
import type { Random } from "./random.ts";

const TLS: readonly FrontOptions["tls"][] = ["absent", "offered", "required", "on"];

const LOGINS: readonly FrontOptions["login"][] = ["password", "password", "given"];

const REFUSALS: readonly Refusal[] = [
  { kind: "password" },
  { kind: "throttled", seconds: 3 },
  { kind: "needed", words: "sign in\r\n* OK again", hint: "mailkey login anna@example.com" },
  { kind: "unavailable", words: "no way to \u20ac\0" },
];
const SERVER = { said: "welcome\r\n\u20ac", capabilities: ["IMAP4rev1", "AUTH=PLAIN"], extensions: ["SIZE 1000"] };
/** Whole ones, of printable ASCII. */
const LINES = /^(?:[ -~]*\r\n)+$/;

/** @throws when a promise is broken */
export function driveFront(speech: Speech, input: Buffer, random: Random): void {
  const limits = { lineBytes: 512, failures: 3, commands: 20 };
  const front = speech.front({ tls: random.pick(TLS), login: random.pick(LOGINS), limits });
  let steps = 0;
  let over = false;
  inPieces(input, 3, random, (piece) => {
    if (over) return;
    front.push(piece);
    for (let step = front.next(); step !== undefined; step = front.next()) {
      must(!over, "nothing follows the last step");
      must((steps += 1) <= 3 * input.length + 3, "there are no more steps than what was sent can ask for");
      if ("text" in step) must(LINES.test(step.text), "what is said are whole lines of ASCII");
      over = step.kind === "leave" || step.kind === "pass";
      answer(front, step, random);
    }
  });
  must(front.takeRest().length <= input.length, "the rest is some of the input");
}

function answer(front: Front, step: Step, random: Random): void {
  if (step.kind === "secure") front.secured();
  if (step.kind === "learn") front.learned(["SIZE 1000", "8BITMIME"]);
  if (step.kind !== "log-in") return;
  must(!/[\0-\x1f]/.test(step.login.user ?? ""), "a user's name holds no control characters");
  if (random.below(2) === 0) front.accepted(SERVER);
  else front.refused(random.pick(REFUSALS));
}
