import type { Broker } from '../broker.ts'
import { errorCodes } from '../wire/error-codes.ts'
import {
  array,
  bool,
  int16,
  int32,
  int64,
  inVersions,
  nullableArray,
  nullableString,
  since,
  string,
  struct,
  until,
} from '../wire/types.ts'
import { defineApi } from './api.ts'

const Wanted = nullableArray(struct({ name: string, partitions: array(int32) }))

const Found = array(
  struct({
    name: string,
    partitions: array(
      struct({
        index: int32,
        offset: int64,
        leaderEpoch: since(5, int32, -1),
        metadata: nullableString,
        errorCode: int16,
      }),
    ),
  }),
)

/** Returns a group's committed offsets, or −1. From version 8 on a request may name several groups. */
export const offsetFetch = defineApi({
  key: 9,
  versions: [1, 9],
  flexibleSince: 6,
  request: struct({
    groupId: until(7, string, ''),
    topics: until(7, Wanted, []),
    groups: since(
      8,
      array(
        struct({
          groupId: string,
          memberId: since(9, nullableString, null),
          memberEpoch: since(9, int32, -1),
          topics: Wanted,
        }),
      ),
      [],
    ),
    requireStable: since(7, bool, false),
  }),
  response: struct({
    throttleTimeMs: since(3, int32, 0),
    topics: until(7, Found, []),
    errorCode: inVersions(2, 7, int16, 0),
    groups: since(8, array(struct({ groupId: string, topics: Found, errorCode: int16 })), []),
  }),
  handle({ groupId, topics, groups }, { broker }) {
    return {
      throttleTimeMs: 0,
      topics: findCommitted(broker, groupId, topics),
      errorCode: errorCodes.NONE,
      groups: groups.map((group) => ({
        groupId: group.groupId,
        topics: findCommitted(broker, group.groupId, group.topics),
        errorCode: errorCodes.NONE,
      })),
    }
  },
})

function findCommitted(
  broker: Broker,
  groupId: string,
  wanted: { name: string; partitions: number[] }[] | null,
) {
  const offsets = broker.state.committed(groupId)
  const topics =
    wanted ?? [...offsets].map(([name, partitions]) => ({ name, partitions: [...partitions.keys()] }))
  return topics.map(({ name, partitions }) => ({
    name,
    partitions: partitions.map((index) => {
      const { offset, leaderEpoch, metadata } = offsets.get(name)?.get(index) ?? NOT_COMMITTED
      return { index, offset, leaderEpoch, metadata, errorCode: errorCodes.NONE }
    }),
  }))
}

const NOT_COMMITTED = { offset: -1, leaderEpoch: -1, metadata: '' }
