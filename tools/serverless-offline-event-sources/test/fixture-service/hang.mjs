/** Outlasts its timeout. */
export const handler = () => new Promise(() => {})
