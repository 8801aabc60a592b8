/** The answer of `GET /session`: all that the page has to be told. */
export interface Session {
  /** The upload API without `/v1`, of another origin than the page. */
  api: string
  credential: string
  /** Of one picture. */
  maxBytes: number
  types: { mediaType: string; name: string }[]
}
