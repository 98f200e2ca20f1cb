/**
 * What passes through the proxy is what was sent, in both directions, to the byte. The conversations are recorded with Dovecot directly;
 * then they are had with Dovecot through the proxy, and with a server that plays the records again, cut into pieces in every way.
 *
 * Dovecot says how long each IMAP command took, and when and as what it received each message: only that is not compared.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { SPEECHES } from "../../src/proxy/front/speeches.ts";
import { IS_NODE } from "./harness.ts";
import { type Conversation, type Cut, CUTS, inflated, writeInPieces } from "./mail-corpus/conversation.ts";
import { IMAP } from "./mail-corpus/imap.ts";
import { POP } from "./mail-corpus/pop.ts";
import { SMTP } from "./mail-corpus/smtp.ts";
import { type Recording, Stage } from "./mail-corpus/stage.ts";
import { withPrograms } from "./programs.ts";

const CORPUS: readonly Conversation[] = [...IMAP, ...POP, ...SMTP];

/** Dovecot takes its time, and what may differ between runtimes is seen with the records as well. */
const DOVECOTS_CUTS: { readonly [how: string]: Cut } = IS_NODE
  ? { "in random pieces": CUTS["in random pieces"] }
  : CUTS;

withPrograms(["dovecot"])("a conversation through the proxy", () => {
  let stage: Stage;
  const recordings = new Map<Conversation, Recording>();

  beforeAll(async () => {
    stage = await Stage.build();
    for (const conversation of CORPUS) recordings.set(conversation, await stage.record(conversation));
  });
  afterAll(() => stage.stop());

  function recordingOf(conversation: Conversation): Recording {
    const recording = recordings.get(conversation);
    if (recording === undefined) throw new Error("it was not recorded");
    return recording;
  }

  for (const conversation of CORPUS) {
    const what = `${conversation.protocol} (${conversation.name})`;
    for (const [how, cut] of Object.entries(DOVECOTS_CUTS))
      test(`in ${what} gets Dovecot's own answers when the client sends ${how}`, async () => {
        const directly = recordingOf(conversation);
        const through = await stage.repeat(conversation, cut);
        const answers = through.heard.map(({ received }) => received);
        expect(comparable(conversation, answers)).toEqual(comparable(conversation, wanted(conversation, directly)));
        expect(deliveredText(through)).toEqual(deliveredText(directly));
        expect(through.delivered).toHaveLength(conversation.protocol === "smtp" ? 3 : 0);
      });

    for (const [how, cut] of Object.entries(CUTS))
      test(`in ${what} is not changed by a byte in either direction when all is sent ${how}`, async () => {
        const recording = recordingOf(conversation);
        const { toClient, toServer } = await replayed(conversation, recording, cut);
        expect(toClient.equals(Buffer.concat(wanted(conversation, recording)))).toBe(true);
        expect(toServer.equals(Buffer.concat(recording.heard.map(({ sent }) => sent)))).toBe(true);
      });
  }

  test("passes unchanged however the server's words are cut, without any network", () => {
    for (const [conversation, recording] of recordings) {
      for (const cut of Object.values<Cut>(CUTS)) {
        const passage = SPEECHES[conversation.protocol].passage();
        const passed = recording.heard.flatMap(({ received }) =>
          Array.from(cut(received), (bytes) => passage.pass(bytes)),
        );
        expect(Buffer.concat(passed).equals(Buffer.concat(wanted(conversation, recording)))).toBe(true);
      }
    }
  });

  /** The recorded conversation once more, through the proxy, with a server that plays it. */
  async function replayed(conversation: Conversation, recording: Recording, cut: Cut) {
    const said = stage.replaying(conversation.protocol).expect({ ...recording, cut });
    const { socket, received } = await stage.enterEcho(conversation.protocol);
    const answers = wanted(conversation, recording);
    const heard: Buffer[] = [];
    for (const [index, { sent }] of recording.heard.entries()) {
      await writeInPieces(socket, sent, cut);
      heard.push(await received.takeBytes(answers[index]?.length ?? 0));
    }
    heard.push(await received.takeRest());
    socket.end();
    return { toClient: Buffer.concat(heard), toServer: await said };
  }
});

/** What the client has to get, turn by turn: what the server said, but for the one capability of Dovecot's that is the proxy's own matter. */
function wanted({ turns }: Conversation, { heard }: Recording): Buffer[] {
  return heard.map(({ received }, index) => {
    if (turns[index]?.listsCapabilities !== true) return received;
    const text = received.toString("latin1");
    expect(text).toContain(" SASL-IR ");
    return Buffer.from(text.replace(" SASL-IR ", " "), "latin1");
  });
}

/** As text, without the times that commands took. */
function comparable({ compressAfter = Infinity }: Conversation, answers: readonly Buffer[]): string[] {
  const plain = answers.slice(0, compressAfter + 1).map((answer) => answer.toString("latin1"));
  const text = [...plain, inflated(Buffer.concat(answers.slice(compressAfter + 1)))];
  return text.map((each) => each.replaceAll(/ \(\d+\.\d+( \+ \d+\.\d+)+ secs\)\.\r\n/g, " (…)\r\n"));
}

/** In no order, without what a server writes into the header of what it receives: an id and the date. */
function deliveredText({ delivered }: Recording): string[] {
  const texts = delivered.map((text) =>
    text.replaceAll(/\tid .*/g, "\tid …").replaceAll(/^(\t.*;) .* \+0000$/gm, "$1 …"),
  );
  return texts.toSorted();
}
