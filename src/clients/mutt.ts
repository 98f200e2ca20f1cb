/** mutt: reads by IMAP and sends by SMTP. */
import { join } from "node:path";
import { configHome } from "../platform/paths.ts";
import { renderMuttrc } from "./muttrc.ts";
import { neededVersion } from "./needed.ts";
import type { Recipe, RenderRequest } from "./recipe.ts";

/** The first with XOAUTH2. */
const OLDEST = "2.0.0";

export const mutt: Recipe = {
  name: "mutt",
  title: "mutt",
  summary: "reads mail on the server, and sends",
  capabilities: ["fetch", "send"],
  executables: ["mutt"],
  versionArgs: ["-v"],
  versionPattern: /^Mutt (\d+(?:\.\d+)+)/m, // neomutt is called mutt on some systems, and says its own name
  oldestVersion: OLDEST,
  ways: ["token", "tunnel"],
  render(request) {
    neededVersion(request, "mutt", OLDEST);
    return renderMuttrc(request, {
      program: "mutt",
      path: configFile(request),
      complaint: "Command returned empty string",
      tunnelComplaint: "Tunnel to … returned error",
    });
  },
  sources: ["http://www.mutt.org/doc/manual/#oauth", "http://www.mutt.org/doc/manual/#account-hook"],
};

/** The first of these that there is is the one that mutt reads. */
function configFile({ home, env, read }: RenderRequest): string {
  const usual = join(home, ".muttrc");
  const places = [usual, join(home, ".mutt", "muttrc"), join(configHome(env), "mutt", "muttrc")];
  return places.find((path) => read(path) !== undefined) ?? usual;
}
