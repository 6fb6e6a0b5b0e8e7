import { SnapshotProblem, type SnapshotFacts } from "#kernel/state/place.ts";
import { membersOf, text } from "./members.ts";
import { json, PageProblem, type OwnPage } from "./page.ts";

const name = text((value) => value, "a name");

/** Copies of the whole state. */
export const snapshots: OwnPage = {
  access: "owner",
  async GET({ options: { life }, item }) {
    if (item !== undefined) throw new PageProblem(404, "snapshots are listed all at once here");
    return json(200, { snapshots: (await life.snapshots()).map(factsOf) });
  },
  POST: ({ options: { life }, item, body }) =>
    answered(async () => {
      if (item === undefined) {
        const asked = membersOf(body, { name });
        if (asked.name === undefined) throw new PageProblem(400, "say the snapshot's name");
        return json(201, factsOf(await life.save(asked.name)));
      }
      const loaded = /^(.*)\/load$/.exec(item)?.[1];
      if (loaded === undefined) throw new PageProblem(404, `there is no page snapshots/${item}`);
      await life.load(loaded);
      return json(200, { loaded });
    }),
  DELETE: ({ options: { life }, item }) =>
    answered(async () => {
      if (item === undefined) throw new PageProblem(400, "say which: DELETE /_tule/snapshots/NAME");
      await life.delete(item);
      return json(200, { deleted: item });
    }),
};

/** Data folders for other servers, made from this one's state: `tule fork` starts them. */
export const forks: OwnPage = {
  access: "owner",
  POST: ({ options: { life }, item, body }) =>
    answered(async () => {
      const asked = membersOf(body, { name, snapshot: name });
      if (item !== undefined) throw new PageProblem(404, `there is no page forks/${item}`);
      if (asked.name === undefined) throw new PageProblem(400, "say the fork's name");
      const folder = await life.fork({ name: asked.name, snapshot: asked.snapshot });
      return json(201, { name: asked.name, folder });
    }),
};

const statuses = { name: 400, unknown: 404, taken: 409, impossible: 409 } as const;

async function answered<T>(act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    if (!(error instanceof SnapshotProblem)) throw error;
    throw new PageProblem(statuses[error.kind], error.message);
  }
}

function factsOf({ name: named, savedAt, machineTime, version, sizeBytes }: SnapshotFacts): object {
  return { name: named, savedAt, machineTime, version, sizeBytes };
}
