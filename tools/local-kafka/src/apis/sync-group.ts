import { attemptAsync } from '../wire/error-codes.ts'
import { array, bytes, int16, int32, nullableString, since, string, struct } from '../wire/types.ts'
import { defineApi } from './api.ts'

/** Responds once the leader has assigned the partitions. */
export const syncGroup = defineApi({
  key: 14,
  versions: [0, 5],
  flexibleSince: 4,
  request: struct({
    groupId: string,
    generationId: int32,
    memberId: string,
    groupInstanceId: since(3, nullableString, null),
    protocolType: since(5, nullableString, null),
    protocolName: since(5, nullableString, null),
    assignments: array(struct({ memberId: string, assignment: bytes })),
  }),
  response: struct({
    throttleTimeMs: since(1, int32, 0),
    errorCode: int16,
    protocolType: since(5, nullableString, null),
    protocolName: since(5, nullableString, null),
    assignment: bytes,
  }),
  async handle({ groupId, assignments, ...membership }, { broker }) {
    // Copied, because requests share a buffer.
    const kept = assignments.map(({ memberId, assignment }) => ({
      memberId,
      assignment: Buffer.from(assignment),
    }))
    const { errorCode, result } = await attemptAsync(() => broker.group(groupId).sync(membership, kept))
    const failed = { protocolType: null, protocolName: null, assignment: Buffer.alloc(0) }
    return { throttleTimeMs: 0, errorCode, ...(result ?? failed) }
  },
})
