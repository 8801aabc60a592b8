const APP_ID = /^[a-z0-9-]{1,32}$/
const SHA256 = /^[0-9a-f]{64}$/

/**
 * The app of each API key's SHA-256 hash in hex, from JSON as API_KEY_HASHES has it: `{"app": ["hex", …]}`. An app can have
 * several keys, so that one can be rotated. Checked without zod, which takes longer to load than the whole authorizer, and every
 * request waits for that one.
 */
export function readKeyHashes(json: string): Map<string, string> {
  const appByHash = new Map<string, string>()
  for (const [app, hashes] of Object.entries(parseTable(json))) {
    if (!APP_ID.test(app) || !Array.isArray(hashes) || !hashes.every(isSha256))
      throw invalid(`for "${app}" is wrong`)
    for (const hash of hashes) appByHash.set(hash, app)
  }
  return appByHash
}

function parseTable(json: string): Record<string, unknown> {
  let table: unknown
  try {
    table = JSON.parse(json)
  } catch {
    throw invalid('is not JSON')
  }
  if (typeof table !== 'object' || table === null || Array.isArray(table)) throw invalid('is not an object')
  return { ...table }
}

function isSha256(hash: unknown): hash is string {
  return typeof hash === 'string' && SHA256.test(hash)
}

function invalid(what: string): Error {
  return new Error(
    `API_KEY_HASHES: the value ${what}. It must be {"app": ["SHA-256 in hex", …]}: see "An API key" in docs/deploy.md.`,
  )
}
