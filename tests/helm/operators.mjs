// Checks objects against the operators' schemas: node operators.mjs FILE.json. Each kind is also spoilt once, to see that
// its schema refuses anything at all.
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";

const packages = {
  "gateway.networking.k8s.io": "gateway-api",
  "keda.sh": "keda",
  "monitoring.coreos.com": "prometheus-operator",
  "cert-manager.io": "cert-manager",
  "external-secrets.io": "external-secrets",
  "postgresql.cnpg.io": "cloudnative-pg",
};

async function model(apiVersion, kind) {
  const [group, version] = apiVersion.split("/");
  if (!packages[group]) throw new Error(`no schema for ${apiVersion}: add its package to libs/xtask/src/chart.rs and here`);
  const file = resolve("node_modules/@kubernetes-models", packages[group], group, version, `${kind}.js`);
  return (await import(pathToFileURL(file)))[kind];
}

const checked = new Set();
const spoilt = new Set();
const wrong = [];
for (const item of JSON.parse(readFileSync(process.argv[2], "utf8"))) {
  const name = `${item.kind} ${item.metadata.name}`;
  try {
    const Model = await model(item.apiVersion, item.kind);
    new Model(item).validate();
    checked.add(item.kind);
    try {
      new Model({ ...item, spec: "nonsense" }).validate();
    } catch {
      spoilt.add(item.kind);
    }
  } catch (error) {
    wrong.push(`${name}: ${error.message}`);
  }
}
if (wrong.length) {
  console.log(wrong.join("\n"));
  process.exit(1);
}
console.log(JSON.stringify({ checked: [...checked].sort(), spoilt: [...spoilt].sort() }));
