import { applyChanges } from "./apply-changes.ts";
import {
  addReplica,
  announceReplica,
  createReplica,
  createReplicaHere,
  replicaActive,
  replicaFilled,
} from "./create-replica.ts";
import { deliverChanges } from "./deliver-changes.ts";
import { fillReplica } from "./fill-replica.ts";
import { forgetTombstones, oldestUndelivered } from "./forget-tombstones.ts";
import { legacyGlobalTables } from "./legacy-global-tables.ts";
import { overrideReplica, overrideSettings } from "./overrides.ts";
import {
  dropReplica,
  finishLeaving,
  forgetGroup,
  forgetMember,
  leaveGroup,
  removeReplica,
} from "./remove-replica.ts";
import { applySettings, shareSettings } from "./shared-settings.ts";
import { activateGroup } from "./strong-group.ts";

/** What global tables add to the service: UpdateTable begins their changes (update-replicas.ts). */
export const globalTables = {
  operations: legacyGlobalTables,
  jobs: {
    activateGroup,
    announceReplica,
    createReplica,
    deliverChanges,
    fillReplica,
    forgetGroup,
    forgetMember,
    forgetTombstones,
    leaveGroup: finishLeaving,
    overrideReplica,
    removeReplica,
    shareSettings,
  },
  /** Replicas ask these of each other. */
  regionCalls: {
    addReplica,
    applyChanges,
    applySettings,
    createReplica: createReplicaHere,
    dropReplica,
    leaveGroup,
    oldestUndelivered,
    overrideSettings,
    replicaActive,
    replicaFilled,
  },
};
