import { attemptAsync, type ErrorCode, errorCodes } from '../wire/error-codes.ts'
import { array, bool, bytes, int16, int32, nullableString, since, string, struct } from '../wire/types.ts'
import { defineApi } from './api.ts'

/** Responds once every member of the group has joined. Static membership is treated as dynamic. */
export const joinGroup = defineApi({
  key: 11,
  versions: [2, 9],
  flexibleSince: 6,
  request: struct({
    groupId: string,
    sessionTimeoutMs: int32,
    rebalanceTimeoutMs: int32,
    memberId: string,
    groupInstanceId: since(5, nullableString, null),
    protocolType: string,
    protocols: array(struct({ name: string, metadata: bytes })),
    reason: since(8, nullableString, null),
  }),
  response: struct({
    throttleTimeMs: int32,
    errorCode: int16,
    generationId: int32,
    protocolType: since(7, nullableString, null),
    protocolName: nullableString,
    leader: string,
    skipAssignment: since(9, bool, false),
    memberId: string,
    members: array(
      struct({ memberId: string, groupInstanceId: since(5, nullableString, null), metadata: bytes }),
    ),
  }),
  async handle({ groupId, ...request }, { broker, version, clientId }) {
    const group = broker.group(groupId)
    const isNew = request.memberId === ''
    const memberId = isNew ? group.newMemberId(clientId) : request.memberId
    if (isNew && version >= FIRST_VERSION_WITH_MEMBER_ID_REQUIRED)
      return failed(errorCodes.MEMBER_ID_REQUIRED, memberId)
    // Copied, because requests share a buffer.
    const protocols = request.protocols.map(({ name, metadata }) => ({
      name,
      metadata: Buffer.from(metadata),
    }))
    const { errorCode, result } = await attemptAsync(() => group.join({ ...request, memberId, protocols }))
    return result
      ? { throttleTimeMs: 0, errorCode, skipAssignment: false, ...result }
      : failed(errorCode, memberId)
  },
})

const FIRST_VERSION_WITH_MEMBER_ID_REQUIRED = 4

function failed(errorCode: ErrorCode, memberId: string) {
  return {
    throttleTimeMs: 0,
    errorCode,
    generationId: -1,
    protocolType: null,
    protocolName: '',
    leader: '',
    skipAssignment: false,
    memberId,
    members: [],
  }
}
