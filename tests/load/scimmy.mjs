// A SCIM server of others for the bench: scimmy by its express routers, people in memory, names unique.
import { randomUUID } from "node:crypto";
import { createRequire } from "node:module";

const [, , modules, port] = process.argv;
const require = createRequire(`${modules}/package.json`);
const from = (name) => require(name).default ?? require(name);
const [express, SCIMMY, Routers] = [from("express"), from("scimmy"), from("scimmy-routers")];

const people = new Map();
const names = new Set();

SCIMMY.Resources.declare(SCIMMY.Resources.User, {
  ingress(resource, data) {
    const name = data.userName.toLowerCase();
    if (names.has(name)) throw new SCIMMY.Types.Error(409, "uniqueness", "the name is taken");
    names.add(name);
    const person = { ...data, id: randomUUID(), meta: { created: new Date(), lastModified: new Date() } };
    people.set(person.id, person);
    return person;
  },
  egress(resource) {
    return resource.id ? people.get(resource.id) : [...people.values()];
  },
  degress(resource) {
    people.delete(resource.id);
  },
});
SCIMMY.Resources.User.extend(SCIMMY.Schemas.EnterpriseUser, false);

const app = express();
app.use("/scim/v2", new Routers({ type: "bearer", handler: (request) => request.header("Authorization").slice(7) }));
app.listen(Number(port), "127.0.0.1");
