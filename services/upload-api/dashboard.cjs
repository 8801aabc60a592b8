/** Serverless loads CommonJS only. */
module.exports = async ({ resolveVariable }) => {
  const stage = await resolveVariable('sls:stage')
  // A laptop has none, and it takes 0.2 s of a start: the functions of all services are read.
  if (stage === 'local') return {}
  const { dashboard } = await import('@darkroom/deployment/dashboard')
  return { Resources: { Dashboard: dashboard(stage) } }
}
