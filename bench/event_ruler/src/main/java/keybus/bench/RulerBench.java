package keybus.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.lang.management.GarbageCollectorMXBean;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.jar.Attributes;
import java.util.jar.JarFile;
import software.amazon.event.ruler.Machine;

/**
 * Measures event-ruler on one rule set, on one thread, and prints one JSON object.
 *
 * <p>Arguments: a file of rules, one {"name": ..., "pattern": "..."} a line, the
 * pattern as JSON text; a file of events, one a
 * line; how many warm passes. Events are strings in memory before anything is timed, the form that
 * Machine.rulesForJSONEvent takes; decoding their UTF-8 is not charged to it.
 *
 * <p>In this order: the first pass of a fresh machine in this fresh JVM; an untimed count of
 * matches by rule; passes until the JIT has had its time; warm passes of the same machine; the
 * first pass of another fresh machine in the JVM that is now warm.
 */
public final class RulerBench {
    private static final ObjectMapper MAPPER = new ObjectMapper();
    private static final double WARM_UP_SECONDS = 4.0;
    private static final int WARM_UP_PASSES = 2;

    private RulerBench() {}

    public static void main(String[] arguments) throws Exception {
        Map<String, String> rules = rules(Path.of(arguments[0]));
        List<String> events = Files.readAllLines(Path.of(arguments[1]), StandardCharsets.UTF_8);
        int passes = Integer.parseInt(arguments[2]);

        long began = System.nanoTime();
        Machine machine = machine(rules);
        double build = seconds(began);
        double coldJvm = pass(machine, events);
        Map<String, Long> counts = matches(machine, events);
        warmUp(machine, events);
        double[] warm = new double[passes];
        for (int index = 0; index < passes; index++) {
            System.gc();
            warm[index] = pass(machine, events);
        }
        Machine fresh = machine(rules);
        System.gc();
        double coldMachine = pass(fresh, events);

        ObjectNode report = MAPPER.createObjectNode();
        report.put("version", version());
        report.put("java", System.getProperty("java.vm.name") + " " + Runtime.version());
        report.put("collector", collector());
        report.put("heap_bytes", Runtime.getRuntime().maxMemory());
        report.put("build_seconds", build);
        report.put("cold_jvm", events.size() / coldJvm);
        report.put("cold_machine", events.size() / coldMachine);
        report.put("warm", events.size() / median(warm));
        ObjectNode matches = report.putObject("matches");
        counts.forEach(matches::put);
        System.out.println(MAPPER.writeValueAsString(report));
    }

    private static Map<String, String> rules(Path file) throws Exception {
        Map<String, String> rules = new LinkedHashMap<>();
        for (String line : Files.readAllLines(file, StandardCharsets.UTF_8)) {
            JsonNode rule = MAPPER.readTree(line);
            rules.put(rule.get("name").asText(), rule.get("pattern").asText());
        }
        return rules;
    }

    private static Machine machine(Map<String, String> rules) throws Exception {
        Machine machine = new Machine();
        for (Map.Entry<String, String> rule : rules.entrySet()) {
            machine.addRule(rule.getKey(), rule.getValue());
        }
        return machine;
    }

    private static double pass(Machine machine, List<String> events) throws Exception {
        long matched = 0;
        long began = System.nanoTime();
        for (String event : events) {
            matched += machine.rulesForJSONEvent(event).size();
        }
        double took = seconds(began);
        if (matched < 0) {
            throw new IllegalStateException(); // never: keeps the loop from being optimised away
        }
        return took;
    }

    private static Map<String, Long> matches(Machine machine, List<String> events)
            throws Exception {
        Map<String, Long> counts = new HashMap<>();
        for (String event : events) {
            for (String name : machine.rulesForJSONEvent(event)) {
                counts.merge(name, 1L, Long::sum);
            }
        }
        return counts;
    }

    private static void warmUp(Machine machine, List<String> events) throws Exception {
        long began = System.nanoTime();
        for (int count = 0; count < WARM_UP_PASSES || seconds(began) < WARM_UP_SECONDS; count++) {
            pass(machine, events);
        }
    }

    private static double seconds(long began) {
        return (System.nanoTime() - began) / 1e9;
    }

    private static double median(double[] values) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        int middle = sorted.length / 2;
        return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }

    private static String collector() {
        StringBuilder names = new StringBuilder();
        for (GarbageCollectorMXBean bean : ManagementFactory.getGarbageCollectorMXBeans()) {
            names.append(names.length() == 0 ? "" : ", ").append(bean.getName());
        }
        return names.toString();
    }

    private static String version() throws Exception {
        Path self = Path.of(RulerBench.class.getProtectionDomain().getCodeSource().getLocation().toURI());
        try (JarFile jar = new JarFile(self.toFile())) {
            Attributes manifest = jar.getManifest().getMainAttributes();
            return manifest.getValue("Event-Ruler-Version");
        }
    }
}
