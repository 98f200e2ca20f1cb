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
type Answer = Refusal | typeof SERVER;

const SERVER = { said: "welcome\r\n\u20ac", capabilities: ["IMAP4rev1", "AUTH=PLAIN"], extensions: ["SIZE 1000"] };
/** Whole ones, of printable ASCII. */
const LINES = /^(?:[ -~]*\r\n)+$/;

/** @throws when a promise is broken */
export function driveFront(speech: Speech, input: Buffer, random: Random): void {
  const limits = { lineBytes: 512, failures: 3, commands: 20 };
  const options = { tls: random.pick(TLS), login: random.pick(LOGINS), limits };
  const answers = Array.from({ length: limits.failures }, () =>
    random.below(2) === 0 ? random.pick(REFUSALS) : SERVER,
  );
  const whole = converse(speech.front(options), answers, input, 1, random);
  const cut = converse(speech.front(options), answers, input, 3, random);
  // What comes with STARTTLS is another thing than what comes after it.
  const mayStartTls = options.tls === "offered" || options.tls === "required";
  must(mayStartTls || whole === cut, "pieces make no difference");
}

/** @returns all that came of it */
function converse(front: Front, answers: readonly Answer[], input: Buffer, pieces: number, random: Random): string {
  const steps: Step[] = [];
  const rest: Uint8Array[] = [];
  inPieces(input, pieces, random, (piece) => {
    if (isLast(steps.at(-1))) {
      rest.push(piece);
      return;
    }
    front.push(piece);
    for (let step = front.next(); step !== undefined; step = front.next()) {
      must(!isLast(steps.at(-1)), "nothing follows the last step");
      must(steps.length <= 3 * input.length + 3, "there are no more steps than what was sent can ask for");
      if ("text" in step) must(LINES.test(step.text), "what is said are whole lines of ASCII");
      answer(front, step, answers[steps.filter(({ kind }) => kind === "log-in").length]);
      steps.push(step);
    }
  });
  const unread = Buffer.concat([front.takeRest(), ...rest]);
  must(input.subarray(input.length - unread.length).equals(unread), "what is not read is the end of what was sent");
  return [...steps.map(shown), unread.toString("latin1")].join("\n");
}

function answer(front: Front, step: Step, outcome: Answer = SERVER): void {
  if (step.kind === "secure") front.secured();
  if (step.kind === "learn") front.learned(["SIZE 1000", "8BITMIME"]);
  if (step.kind !== "log-in") return;
  must(!/[\0-\x1f]/.test(step.login.user ?? ""), "a user's name holds no control characters");
  if ("kind" in outcome) front.refused(outcome);
  else front.accepted(outcome);
}

function isLast(step: Step | undefined): boolean {
  return step?.kind === "leave" || step?.kind === "pass";
}

function shown(step: Step): string {
  if (step.kind !== "log-in") return "text" in step ? step.text : step.kind;
  const { user, password, clientName } = step.login;
  return [user, password?.reveal(), clientName].join(" ");
}
