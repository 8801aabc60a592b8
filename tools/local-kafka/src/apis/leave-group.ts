import { attempt, errorCodes } from '../wire/error-codes.ts'
import { array, int16, int32, nullableString, since, string, struct, until } from '../wire/types.ts'
import { defineApi } from './api.ts'

export const leaveGroup = defineApi({
  key: 13,
  versions: [0, 5],
  flexibleSince: 4,
  request: struct({
    groupId: string,
    memberId: until(2, string, ''),
    members: since(
      3,
      array(
        struct({
          memberId: string,
          groupInstanceId: nullableString,
          reason: since(5, nullableString, null),
        }),
      ),
      [],
    ),
  }),
  response: struct({
    throttleTimeMs: since(1, int32, 0),
    errorCode: int16,
    members: since(
      3,
      array(struct({ memberId: string, groupInstanceId: nullableString, errorCode: int16 })),
      [],
    ),
  }),
  handle({ groupId, memberId, members }, { broker, version }) {
    const leave = (id: string) => attempt(() => broker.group(groupId).leave(id)).errorCode
    const errorCode = version < 3 ? leave(memberId) : errorCodes.NONE
    const left = members.map(({ memberId: id, groupInstanceId }) => ({
      memberId: id,
      groupInstanceId,
      errorCode: leave(id),
    }))
    return { throttleTimeMs: 0, errorCode, members: left }
  },
})
