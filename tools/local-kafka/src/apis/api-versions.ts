import { errorCodes } from '../wire/error-codes.ts'
import { array, int16, int32, since, string, struct } from '../wire/types.ts'
import { type Api, defineApi } from './api.ts'

/** What the broker can do, which every client asks first. */
export function defineApiVersions(others: Api[]): Api {
  const own = { apiKey: 18, minVersion: 0, maxVersion: 3 }
  const apiKeys = others.map(({ key, versions: [minVersion, maxVersion] }) => ({
    apiKey: key,
    minVersion,
    maxVersion,
  }))
  return defineApi({
    key: 18,
    versions: [0, 3],
    flexibleSince: 3,
    request: struct({
      clientSoftwareName: since(3, string, ''),
      clientSoftwareVersion: since(3, string, ''),
    }),
    response: struct({
      errorCode: int16,
      apiKeys: array(struct({ apiKey: int16, minVersion: int16, maxVersion: int16 })),
      throttleTimeMs: since(1, int32, 0),
    }),
    answer: () => ({ errorCode: errorCodes.NONE, apiKeys: [...apiKeys, own], throttleTimeMs: 0 }),
  })
}
