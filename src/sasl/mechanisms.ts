/** The mechanisms that mailkey speaks, by name, and the choice between them. */
import { oauthbearer } from "./oauthbearer.ts";
import { xoauth2 } from "./xoauth2.ts";
import type { MechanismName, SaslMechanism } from "./mechanism.ts";

const MECHANISMS: Readonly<Record<MechanismName, SaslMechanism>> = { XOAUTH2: xoauth2, OAUTHBEARER: oauthbearer };

export function mechanismNamed(name: MechanismName): SaslMechanism {
  return MECHANISMS[name];
}

/**
 * The first of `preferred` that the server offers.
 *
 * @param offered names as the server writes them, in any case
 */
export function chooseMechanism(
  preferred: readonly MechanismName[],
  offered: readonly string[],
): SaslMechanism | undefined {
  const names = new Set(offered.map((name) => name.toUpperCase()));
  const name = preferred.find((candidate) => names.has(candidate));
  return name === undefined ? undefined : MECHANISMS[name];
}
