/** The answer of `GET /session`: everything the page needs from the server. */
export interface Session {
  /** The upload API's URL without `/v1`; its origin differs from the page's. */
  api: string
  /** The size limit of one picture. Above `maxApiBytes` the page sends it to S3, not to the API. */
  maxBytes: number
  maxApiBytes: number
  types: { mediaType: string; name: string }[]
}
