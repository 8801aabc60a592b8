/** The answer of `GET /session`: all that the page has to be told. */
export interface Session {
  /** The upload API without `/v1`, of another origin than the page. */
  api: string
  credential: string
  /** Of one picture; one of more than `maxApiBytes` goes to S3 and not to the API. */
  maxBytes: number
  maxApiBytes: number
  types: { mediaType: string; name: string }[]
}
