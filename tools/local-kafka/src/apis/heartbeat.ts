import { attempt } from '../wire/error-codes.ts'
import { int16, int32, nullableString, since, string, struct } from '../wire/types.ts'
import { defineApi } from './api.ts'

/** Keeps a member in its group and reports a rebalance in progress. */
export const heartbeat = defineApi({
  key: 12,
  versions: [0, 4],
  flexibleSince: 4,
  request: struct({
    groupId: string,
    generationId: int32,
    memberId: string,
    groupInstanceId: since(3, nullableString, null),
  }),
  response: struct({ throttleTimeMs: since(1, int32, 0), errorCode: int16 }),
  handle({ groupId, ...membership }, { broker }) {
    const { errorCode } = attempt(() => broker.group(groupId).heartbeat(membership))
    return { throttleTimeMs: 0, errorCode }
  },
})
