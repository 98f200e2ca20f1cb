/** `mailkey status --watch` as a person sees it, on a screen of 80 × 24. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { saveAccount } from "../../src/accounts/store.ts";
import { systemClock } from "../../src/platform/clock.ts";
import { resolvePaths } from "../../src/platform/paths.ts";
import { recordPath, writeRecord } from "../../src/tokens/record.ts";
import { Terminal } from "../programs/terminal.ts";
import { ARTEFACT, Home } from "./harness.ts";
import { withPrograms } from "./programs.ts";

const ADDRESS = "me@hotmail.com";

withPrograms(["tmux"])("status --watch in a terminal", () => {
  let home: Home;
  beforeAll(() => {
    home = new Home();
    saveAccount(resolvePaths(home.environment()), {
      address: ADDRESS,
      provider: "microsoft-personal",
      client: { id: "c" },
    });
  });
  afterAll(() => home.dispose());

  const record = (reason?: string) => {
    const paths = resolvePaths(home.environment());
    const now = systemClock.now();
    writeRecord(recordPath(paths, ADDRESS), {
      version: 1,
      signedInAt: now,
      accessTokens: {},
      needsSignIn: false,
      ...(reason === undefined ? {} : { failure: { kind: "transient", at: now, reason } }),
    });
  };

  test("draws each state in the place of the one before, leaves what stood above, and ends on Ctrl-C with status 0", async () => {
    const line = `echo above; ${ARTEFACT} status --watch; echo status $?`;
    await Terminal.with({ home, line }, async (terminal) => {
      expect(await terminal.shows("sign in again")).toContain(`${ADDRESS}: mailkey login ${ADDRESS}`);
      record(`the provider answered ${"503 ".repeat(30)}`);
      await terminal.shows("failing");
      record();
      const screen = await terminal.shows(/ ok$/m);
      const lines = screen.trimEnd().split("\n");
      expect(lines).toEqual([
        "above",
        expect.stringMatching(/^ACCOUNT/),
        expect.stringMatching(/^me@hotmail.com .* ok$/),
      ]);
      await terminal.press("C-c");
      expect(await terminal.shows("status 0")).toContain(" ok\n");
    });
  });
});
