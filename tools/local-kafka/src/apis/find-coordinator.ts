import { errorCodes } from '../wire/error-codes.ts'
import {
  array,
  int8,
  int16,
  int32,
  inVersions,
  nullableString,
  since,
  string,
  struct,
  until,
} from '../wire/types.ts'
import { defineApi } from './api.ts'

/** There is one broker, so it coordinates every group. */
export const findCoordinator = defineApi({
  key: 10,
  versions: [0, 4],
  flexibleSince: 3,
  request: struct({
    key: until(3, string, ''),
    keyType: since(1, int8, 0),
    keys: since(4, array(string), []),
  }),
  response: struct({
    throttleTimeMs: since(1, int32, 0),
    errorCode: until(3, int16, 0),
    errorMessage: inVersions(1, 3, nullableString, null),
    nodeId: until(3, int32, 0),
    host: until(3, string, ''),
    port: until(3, int32, 0),
    coordinators: since(
      4,
      array(
        struct({
          key: string,
          nodeId: int32,
          host: string,
          port: int32,
          errorCode: int16,
          errorMessage: nullableString,
        }),
      ),
      [],
    ),
  }),
  handle({ keys }, { broker }) {
    const { nodeId, host, port } = broker
    const found = { nodeId, host, port, errorCode: errorCodes.NONE, errorMessage: null }
    return { throttleTimeMs: 0, ...found, coordinators: keys.map((key) => ({ key, ...found })) }
  },
})
