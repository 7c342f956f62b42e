package com.example.storefront.api;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import org.apache.logging.log4j.LogManager;
import org.apache.logging.log4j.Logger;
import org.springframework.util.StringUtils;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RestController;

/** Takes orders from the shop window. */
@RestController
public class OrderController {
    private static final Logger LOG = LogManager.getLogger(OrderController.class);

    private final ObjectMapper json = new ObjectMapper();
    private final Confirmation confirmation;

    public OrderController(Confirmation confirmation) {
        this.confirmation = confirmation;
    }

    @PostMapping("/orders/{customer}")
    public String place(@PathVariable String customer, @RequestBody String body) throws IOException {
        Order order = json.readValue(body, Order.class);
        if (!StringUtils.hasText(order.number)) {
            throw new IllegalArgumentException("an order needs a number");
        }
        order.customer = customer;
        LOG.info("order {} from {}", order.number, order.customer);
        return confirmation.textFor(order);
    }
}
