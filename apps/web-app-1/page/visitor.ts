let firstVisit = 0

/** An upload token of this browser's visitor. */
export async function getToken(): Promise<Response> {
  const answer = await fetch('/token', { method: 'POST' })
  // The client says what is wrong with another answer.
  const { uploader } = await answer
    .clone()
    .json()
    .catch(() => ({}))
  firstVisit = Number.parseInt(uploader, 10) || firstVisit
  return answer
}

/** The time of the first visit, once there is a token; the visitor's id begins with it. Otherwise 0. */
export const since = () => firstVisit
