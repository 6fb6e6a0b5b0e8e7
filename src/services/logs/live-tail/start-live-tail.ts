import type { Context } from "#kernel/context.ts";
import type { Handlers } from "#kernel/service.ts";
import type {
  CloudWatchLogs,
  StartLiveTailRequest,
  StartLiveTailResponseStream,
} from "#models/logs.ts";
import { groupNameOf } from "../names.ts";
import { openGroup } from "../open.ts";
import { parseFilterPattern } from "../patterns/filter-pattern.ts";
import { closeSession, type LiveTailSession, openSession } from "./sessions.ts";

export const startLiveTail = {
  /** Events as they are put, in an event stream; the session's end is an event as well. */
  async StartLiveTail(ctx, input) {
    const { logStreamNames, logStreamNamePrefixes } = input;
    const refuse = (message: string): Error => ctx.error("InvalidParameterException", message);
    if (logStreamNames !== undefined && logStreamNamePrefixes !== undefined) {
      throw refuse("logStreamNames and logStreamNamePrefixes are mutually exclusive parameters.");
    }
    const groups = input.logGroupIdentifiers;
    if (groups.length > 1 && (logStreamNames ?? logStreamNamePrefixes) !== undefined) {
      throw refuse("Log streams can be chosen only where one log group is specified.");
    }
    if (!groups.every((identifier) => identifier.startsWith("arn:"))) {
      throw refuse("logGroupIdentifiers must be ARNs of log groups.");
    }
    const pattern = parseFilterPattern(ctx, input.logEventFilterPattern ?? "");
    const numbers = await ctx.read((snapshot) =>
      groups.map((each) => openGroup(snapshot, ctx, groupNameOf(each)).number),
    );
    const session = openSession(ctx, {
      account: ctx.account,
      region: ctx.region,
      groups: new Set(numbers),
      streamNames: logStreamNames,
      streamPrefixes: logStreamNamePrefixes,
      pattern,
    });
    return { responseStream: updates(ctx, input, session) };
  },
} satisfies Handlers<CloudWatchLogs>;

async function* updates(
  ctx: Context,
  input: StartLiveTailRequest,
  session: LiveTailSession,
): AsyncGenerator<StartLiveTailResponseStream> {
  try {
    yield {
      sessionStart: {
        requestId: ctx.requestId,
        sessionId: ctx.random.uuid(),
        logGroupIdentifiers: input.logGroupIdentifiers,
        logStreamNames: input.logStreamNames ?? [],
        logStreamNamePrefixes: input.logStreamNamePrefixes ?? [],
        logEventFilterPattern: input.logEventFilterPattern ?? "",
      },
    };
    for (let update = await session.next(); update !== undefined; update = await session.next()) {
      yield {
        sessionUpdate: {
          sessionMetadata: { sampled: update.isSampled },
          sessionResults: [...update.events],
        },
      };
    }
    yield { SessionTimeoutException: { message: "Live Tail session timed out." } };
  } finally {
    closeSession(ctx, session);
  }
}
