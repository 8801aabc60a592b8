/** Serverless loads CommonJS only. */
module.exports = async ({ resolveVariable }) => {
  const { dashboard } = await import('@darkroom/deployment/dashboard')
  return { Resources: { Dashboard: dashboard(await resolveVariable('sls:stage')) } }
}
