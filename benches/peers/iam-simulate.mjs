// Asks @cloud-copilot/iam-simulate (its core, with the policies loaded once) the questions of a workload.
//
//   node iam-simulate.mjs NODE_MODULES WORKLOAD.json SECONDS
//
// Prints how many decisions it makes in a second of CPU time, and what it decides.

import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'

const [, , modules, file, seconds] = process.argv
const load = path => import(pathToFileURL(join(resolve(modules), '@cloud-copilot', path)).href)
const { authorize } = await load('iam-simulate/dist/esm/core_engine/CoreSimulatorEngine.js')
const { AwsRequestImpl } = await load('iam-simulate/dist/esm/request/request.js')
const { RequestContextImpl } = await load('iam-simulate/dist/esm/requestContext.js')
const { DiscoveryContextKeyConstraints } = await load(
  'iam-simulate/dist/esm/context_keys/discoveryContextKeyConstraints.js'
)
const { loadPolicy } = await load('iam-policy/dist/esm/index.js')

const workload = JSON.parse(readFileSync(file, 'utf8'))
const policies = texts => texts.map((text, at) => loadPolicy(JSON.parse(text), { name: `policy ${at}` }))
const fixed = {
  identityPolicies: policies(workload.identity),
  permissionBoundaries: workload.boundary.length ? policies(workload.boundary) : undefined,
  sessionPolicy: policies(workload.session)[0],
  resourcePolicy: policies(workload.resource)[0],
  serviceControlPolicies: workload.scp.map((level, at) => ({ orgIdentifier: `${at}`, policies: policies(level) })),
  resourceControlPolicies: [],
  vpcEndpointPolicies: undefined,
  simulationParameters: {
    simulationMode: 'Strict',
    discoveryContextKeyConstraints: new DiscoveryContextKeyConstraints([])
  }
}
const requests = workload.questions.map(question => {
  const resource = { resource: question.resource, accountId: question.owner }
  const context = new RequestContextImpl(question.context)
  return new AwsRequestImpl(question.principal, resource, question.action, context)
})
const decide = request => authorize({ ...fixed, request }).result

const answers = requests.map(decide)
const start = process.cpuUsage()
const spent = () => {
  const { user, system } = process.cpuUsage(start)
  return (user + system) / 1e6
}
let decisions = 0
while (spent() < Number(seconds)) {
  decide(requests[decisions % requests.length])
  decisions += 1
}
const each = spent() / decisions
console.log(JSON.stringify({ each, allowed: answers.map(answer => answer === 'Allowed') }))
