/** Signs in with the built program in every way, with the lab's browser in a person's place. */
import { createInterface } from "node:readline";
import { deviceSignIn, signIn } from "../../lab/browser.ts";
import { mailkeyFlags } from "../../lab/mailkey-flags.ts";
import { finish, type Home, type Result } from "./harness.ts";

interface Event {
  readonly event: string;
  readonly url?: string;
  readonly user_code?: string;
  readonly verification_uri?: string;
}

/** `add --json` with a flow that needs a person: acts on its events as one would. `login` is who that person is. */
export async function addBy(
  flow: "paste" | "device",
  home: Home,
  extra: readonly string[] = [],
  login = home.address,
): Promise<Result> {
  const { world } = home;
  if (world === undefined) throw new Error("this home has no world");
  const child = home.start([
    "add",
    home.address,
    ...mailkeyFlags(world),
    "--json",
    "--no-browser",
    `--flow=${flow}`,
    ...extra,
  ]);
  const ended = finish(child);
  const browser = { login, caFile: world.caFile };
  if (child.stderr === null) throw new Error("no standard error");
  createInterface({ input: child.stderr }).on("line", (line) => {
    const event = JSON.parse(line) as Event;
    if (event.event === "open_url" && event.url !== undefined) {
      void signIn(event.url, browser).then(({ redirectUrl }) => child.stdin?.end(`${redirectUrl}\n`));
    }
    if (event.event === "device_code") void deviceSignIn(event.verification_uri ?? "", event.user_code ?? "", browser);
  });
  return ended;
}
