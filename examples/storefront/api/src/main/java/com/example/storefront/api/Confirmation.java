package com.example.storefront.api;

import java.io.StringWriter;
import java.util.HashMap;
import java.util.Map;
import org.apache.commons.text.StringSubstitutor;
import org.apache.velocity.VelocityContext;
import org.apache.velocity.app.VelocityEngine;

/** Words the confirmation that goes out after an order. */
public class Confirmation {
    private static final String GREETING = "Dear ${customer}, thank you for order ${number}.";
    private static final String LINES =
            "#foreach($line in $order.lines)$line.quantity x $line.sku\n#end";

    private final VelocityEngine velocity = new VelocityEngine();

    public Confirmation() {
        velocity.init();
    }

    public String textFor(Order order) {
        Map<String, String> values = new HashMap<>();
        values.put("customer", order.customer);
        values.put("number", order.number);

        VelocityContext context = new VelocityContext();
        context.put("order", order);
        StringWriter lines = new StringWriter();
        velocity.evaluate(context, lines, "confirmation", LINES);
        return new StringSubstitutor(values).replace(GREETING) + "\n" + lines;
    }
}
