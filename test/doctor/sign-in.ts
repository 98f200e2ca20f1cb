/** In the place of `mailkey login ADDRESS` where there is no provider: sets a vault up and stores a credential, as that does. */
import { systemClock } from "../../src/platform/clock.ts";
import { resolvePaths } from "../../src/platform/paths.ts";
import { CredentialStore } from "../../src/tokens/store.ts";
import { ensureVault } from "../../src/vault/choose.ts";
import { openVault } from "../../src/vault/open.ts";

const paths = resolvePaths(process.env);
await ensureVault(paths, process.env, { clock: systemClock });
const store = new CredentialStore(
  { paths, clock: systemClock, openVault: () => openVault(paths, process.env) },
  process.argv[2] ?? "",
);
await store.save({ version: 1, refreshToken: "new", signedInAt: systemClock.now(), accessTokens: {} });
