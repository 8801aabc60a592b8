import { attempt } from '../wire/error-codes.ts'
import {
  array,
  int16,
  int32,
  int64,
  inVersions,
  nullableString,
  since,
  string,
  struct,
} from '../wire/types.ts'
import { defineApi } from './api.ts'

/** Accepts commits from members of the current generation only, so that a consumer that lost its partitions cannot commit. */
export const offsetCommit = defineApi({
  key: 8,
  versions: [2, 9],
  flexibleSince: 8,
  request: struct({
    groupId: string,
    generationId: int32,
    memberId: string,
    groupInstanceId: since(7, nullableString, null),
    retentionTimeMs: inVersions(2, 4, int64, -1),
    topics: array(
      struct({
        name: string,
        partitions: array(
          struct({
            index: int32,
            offset: int64,
            leaderEpoch: since(6, int32, -1),
            metadata: nullableString,
          }),
        ),
      }),
    ),
  }),
  response: struct({
    throttleTimeMs: since(3, int32, 0),
    topics: array(struct({ name: string, partitions: array(struct({ index: int32, errorCode: int16 })) })),
  }),
  handle({ groupId, topics, ...membership }, { broker }) {
    const group = broker.group(groupId)
    const answered = topics.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map(({ index, ...committed }) => {
        const { errorCode } = attempt(() => {
          group.checkCommit(membership)
          broker.topics.partition(broker.topics.find(name), index)
          broker.state.commit(groupId, name, index, committed)
        })
        return { index, errorCode }
      }),
    }))
    return { throttleTimeMs: 0, topics: answered }
  },
})
