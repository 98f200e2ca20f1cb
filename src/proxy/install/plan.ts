/** What has to be written and run for the proxy to be started with every login, and to be taken back. */
import { isTlsFirst, PROXY_PORTS, type ProxyConfig, type ProxyService } from "../../accounts/proxy-config.ts";
import {
  planInstall as planInstallOf,
  planUninstall as planUninstallOf,
  type InstallPlan,
  type InstallWorld,
  type UserService,
} from "../../service/install/plan.ts";

import { SERVICE_UNIT, socketUnitName, systemdUnits, USUAL_PLACES, type Places } from "./systemd.ts";

export interface Wanted extends Places {
  readonly hasCertificate: boolean;
  /** Whether this machine speaks IPv6: systemd gives up a whole unit for an address that it cannot listen on. */
  readonly hasIpv6: boolean;
}

/** @throws ERR_UNSUPPORTED where nobody starts services for users, ERR_CONFIG when a file of somebody else's is in the way */
export function planInstall(world: InstallWorld, wanted: Wanted): InstallPlan {
  return planInstallOf(world, serviceFor(placesOf(wanted)));
}

/** @throws as `planInstall` */
export function planUninstall(world: InstallWorld): InstallPlan {
  return planUninstallOf(world, serviceFor(USUAL_PLACES));
}

function serviceFor(places: Places): UserService {
  return {
    name: "proxy",
    units: (executable, environment) => systemdUnits(executable, places, environment),
    otherUnits: [...(Object.keys(PROXY_PORTS) as ProxyService[]).map(socketUnitName), SERVICE_UNIT],
    isUsual: JSON.stringify(places) === JSON.stringify(USUAL_PLACES),
    without: "run at login: mailkey proxy start",
  };
}

/** What can be served here. */
function placesOf({ addresses, ports, hasCertificate, hasIpv6 }: Wanted): Places {
  const served = (Object.entries(ports) as [ProxyService, ProxyConfig["ports"][ProxyService]][]).filter(
    ([service, port]) => port !== undefined && (hasCertificate || !isTlsFirst(service)),
  );
  return {
    addresses: addresses.filter((address) => hasIpv6 || !address.includes(":")),
    ports: Object.fromEntries(served),
  };
}
